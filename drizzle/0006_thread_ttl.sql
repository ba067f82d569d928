ALTER TABLE "threads" ADD COLUMN "ttl_minutes" double precision;--> statement-breakpoint
ALTER TABLE "threads" ADD COLUMN "ttl_strategy" text;--> statement-breakpoint
ALTER TABLE "threads" ADD COLUMN "swept_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "threads" ADD COLUMN "expires_at" timestamp (6) with time zone GENERATED ALWAYS AS (case when swept_at is distinct from updated_at then ((updated_at at time zone 'UTC') + ttl_minutes * interval '1 minute') at time zone 'UTC' end) STORED;--> statement-breakpoint
CREATE INDEX "threads_expires" ON "threads" USING btree ("expires_at") WHERE expires_at is not null;--> statement-breakpoint
CREATE INDEX "threads_temporary" ON "threads" USING btree ("updated_at") WHERE temporary;