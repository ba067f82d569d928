CREATE TABLE "crons" (
	"cron_id" uuid PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"assistant_id" uuid NOT NULL,
	"thread_id" uuid,
	"schedule" text NOT NULL,
	"timezone" text,
	"end_time" timestamp (6) with time zone,
	"enabled" boolean DEFAULT true NOT NULL,
	"disabled_reason" text,
	"on_run_completed" text DEFAULT 'delete' NOT NULL,
	"payload" jsonb NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"next_run_date" timestamp (6) with time zone,
	"last_tick" timestamp (6) with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamp (6) with time zone,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "crons" ADD CONSTRAINT "crons_assistant_id_assistants_assistant_id_fk" FOREIGN KEY ("assistant_id") REFERENCES "public"."assistants"("assistant_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "crons" ADD CONSTRAINT "crons_thread_id_threads_thread_id_fk" FOREIGN KEY ("thread_id") REFERENCES "public"."threads"("thread_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "crons_due" ON "crons" USING btree ("next_run_date") WHERE enabled;--> statement-breakpoint
CREATE INDEX "crons_owner_created" ON "crons" USING btree ("owner","created_at");--> statement-breakpoint
CREATE INDEX "crons_assistant" ON "crons" USING btree ("assistant_id");--> statement-breakpoint
CREATE INDEX "crons_thread" ON "crons" USING btree ("thread_id");