CREATE TABLE "store_vectors" (
	"namespace" text[] NOT NULL,
	"key" text NOT NULL,
	"place" integer NOT NULL,
	"vector" "bytea" NOT NULL,
	CONSTRAINT "store_vectors_namespace_key_place_pk" PRIMARY KEY("namespace","key","place")
);
--> statement-breakpoint
ALTER TABLE "store_items" ADD COLUMN "ttl_minutes" double precision;--> statement-breakpoint
ALTER TABLE "store_items" ADD COLUMN "expires_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "store_vectors" ADD CONSTRAINT "store_vectors_item" FOREIGN KEY ("namespace","key") REFERENCES "public"."store_items"("namespace","key") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "store_items_expiry" ON "store_items" USING btree ("expires_at");