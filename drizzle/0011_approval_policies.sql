CREATE TABLE "approval_history" (
	"sequence" bigserial PRIMARY KEY NOT NULL,
	"approval_id" uuid NOT NULL,
	"at" timestamp (6) with time zone DEFAULT clock_timestamp() NOT NULL,
	"event" text NOT NULL,
	"from_state" text,
	"to_state" text,
	"actor" text,
	"via" text,
	"run_id" uuid,
	"decision" jsonb,
	"policy" jsonb,
	"note" text
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"position" integer NOT NULL,
	"rule" jsonb NOT NULL,
	"created_by" text NOT NULL,
	"updated_by" text NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "decided_via" text;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "project_id" uuid;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "agent" text;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "target" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "evidence" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "assignee" text;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "policy" jsonb;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "verdict" jsonb;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "retry_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "expires_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "warn_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "on_expire" text;--> statement-breakpoint
ALTER TABLE "approvals" ADD COLUMN "parked_at" timestamp (6) with time zone;--> statement-breakpoint
ALTER TABLE "approval_history" ADD CONSTRAINT "approval_history_approval_id_approvals_id_fk" FOREIGN KEY ("approval_id") REFERENCES "public"."approvals"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "approval_history_approval" ON "approval_history" USING btree ("approval_id","sequence");--> statement-breakpoint
CREATE INDEX "approvals_due" ON "approvals" USING btree (least(expires_at, warn_at)) WHERE state = 'pending' and (expires_at is not null or warn_at is not null);--> statement-breakpoint
CREATE INDEX "approvals_verdict" ON "approvals" USING btree ("retry_at") WHERE state = 'pending' and verdict is not null;--> statement-breakpoint
CREATE INDEX "approvals_created" ON "approvals" USING btree ("created_at");