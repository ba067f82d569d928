CREATE TABLE "project_shares" (
	"project_id" uuid NOT NULL,
	"member" text NOT NULL,
	"role" text,
	"shared_by" text NOT NULL,
	"shared_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "project_shares_project_id_member_pk" PRIMARY KEY("project_id","member")
);
--> statement-breakpoint
ALTER TABLE "project_shares" ADD CONSTRAINT "project_shares_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "project_shares_member" ON "project_shares" USING btree ("member");--> statement-breakpoint
CREATE INDEX "threads_project" ON "threads" USING btree ("project_id") WHERE project_id is not null;