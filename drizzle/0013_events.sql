CREATE TABLE "audit_log" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp (6) with time zone NOT NULL,
	"type" text NOT NULL,
	"category" text NOT NULL,
	"owner" text,
	"actor" text,
	"thread_id" uuid,
	"run_id" uuid,
	"project_id" uuid,
	"correlation_id" text,
	"causation_id" text,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "event_head" (
	"only" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"seq" bigint DEFAULT 0 NOT NULL,
	"audit_seq" bigint DEFAULT 0 NOT NULL,
	"audit_hash" text DEFAULT '' NOT NULL
);
--> statement-breakpoint
CREATE TABLE "event_intake" (
	"position" bigserial PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp (6) with time zone NOT NULL,
	"type" text NOT NULL,
	"category" text NOT NULL,
	"owner" text,
	"actor" text,
	"thread_id" uuid,
	"run_id" uuid,
	"project_id" uuid,
	"correlation_id" text,
	"causation_id" text,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"id" uuid NOT NULL,
	"at" timestamp (6) with time zone NOT NULL,
	"type" text NOT NULL,
	"category" text NOT NULL,
	"owner" text,
	"actor" text,
	"thread_id" uuid,
	"run_id" uuid,
	"project_id" uuid,
	"correlation_id" text,
	"causation_id" text,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE INDEX "audit_log_owner" ON "audit_log" USING btree ("owner","seq");--> statement-breakpoint
CREATE INDEX "audit_log_type" ON "audit_log" USING btree ("type","seq");--> statement-breakpoint
CREATE INDEX "events_owner" ON "events" USING btree ("owner","seq");--> statement-breakpoint
CREATE INDEX "events_thread" ON "events" USING btree ("thread_id","seq");--> statement-breakpoint
CREATE INDEX "events_correlation" ON "events" USING btree ("correlation_id","seq");--> statement-breakpoint
CREATE INDEX "events_run" ON "events" USING btree ("run_id");--> statement-breakpoint
CREATE INDEX "events_project" ON "events" USING btree ("project_id","seq");