ALTER TABLE "webhooks" ALTER COLUMN "payload" SET DATA TYPE json;--> statement-breakpoint
ALTER TABLE "webhooks" ADD COLUMN "bytes" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
UPDATE "webhooks" SET "bytes" = length("payload"::text) WHERE "payload" IS NOT NULL;--> statement-breakpoint
-- sent soon and then gone: compressing it would make the end of its run wait longer than writing it
ALTER TABLE "webhooks" ALTER COLUMN "payload" SET STORAGE EXTERNAL;
