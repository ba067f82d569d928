ALTER TABLE "approvals" ADD COLUMN "position" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "crashes" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "crash_checkpoint" text;--> statement-breakpoint
ALTER TABLE "runs" ADD COLUMN "base_checkpoint" text;--> statement-breakpoint
ALTER TABLE "threads" ADD COLUMN "temporary" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "approvals_mirror" ON "approvals" USING btree ("mirror_of");--> statement-breakpoint
CREATE INDEX "approvals_resume_run" ON "approvals" USING btree ("resume_run_id");