ALTER TABLE "threads" ADD COLUMN "resting" text DEFAULT 'idle' NOT NULL;--> statement-breakpoint
UPDATE "threads" SET "resting" = CASE WHEN "status" IN ('interrupted', 'error') THEN "status" WHEN "interrupts" <> '{}'::jsonb THEN 'interrupted' WHEN "error" IS NOT NULL THEN 'error' ELSE 'idle' END;
