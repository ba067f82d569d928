CREATE TABLE "approvals" (
	"id" uuid PRIMARY KEY NOT NULL,
	"thread_id" uuid NOT NULL,
	"run_id" uuid NOT NULL,
	"interrupt_id" text NOT NULL,
	"mirror_of" uuid,
	"owner" text NOT NULL,
	"branch" text NOT NULL,
	"kind" text NOT NULL,
	"action" text NOT NULL,
	"args" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"payload" jsonb NOT NULL,
	"digest" text,
	"risk" text DEFAULT 'medium' NOT NULL,
	"state" text DEFAULT 'pending' NOT NULL,
	"decision" jsonb,
	"decided_by" text,
	"decided_at" timestamp (6) with time zone,
	"resume_run_id" uuid,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "assistant_versions" (
	"assistant_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"graph_id" text NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"config" jsonb NOT NULL,
	"context" jsonb NOT NULL,
	"metadata" jsonb NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "assistant_versions_assistant_id_version_pk" PRIMARY KEY("assistant_id","version")
);
--> statement-breakpoint
CREATE TABLE "assistants" (
	"assistant_id" uuid PRIMARY KEY NOT NULL,
	"graph_id" text NOT NULL,
	"owner" text,
	"name" text NOT NULL,
	"description" text,
	"version" integer DEFAULT 1 NOT NULL,
	"config" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"context" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"request" text DEFAULT '' NOT NULL,
	"status" text DEFAULT 'planning' NOT NULL,
	"branch" text,
	"base_sha" text,
	"head_sha" text,
	"report_id" uuid,
	"release_id" uuid,
	"rounds" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "delivery_steps" (
	"sequence" bigserial PRIMARY KEY NOT NULL,
	"delivery_id" uuid NOT NULL,
	"thread_id" uuid NOT NULL,
	"checkpoint_id" text NOT NULL,
	"node" text NOT NULL,
	"round" integer NOT NULL,
	"commit_sha" text,
	"report_id" uuid,
	"release_id" uuid,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "model_calls" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"run_id" uuid NOT NULL,
	"thread_id" uuid NOT NULL,
	"owner" text NOT NULL,
	"role" text NOT NULL,
	"model" text NOT NULL,
	"input_tokens" integer NOT NULL,
	"output_tokens" integer NOT NULL,
	"duration_ms" integer NOT NULL,
	"replayed" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "projects" (
	"id" uuid PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"name" text NOT NULL,
	"slug" text NOT NULL,
	"goal" text NOT NULL,
	"stack" text NOT NULL,
	"spec" jsonb,
	"created_by" text NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "projects_slug_unique" UNIQUE("slug"),
	CONSTRAINT "projects_created_by_unique" UNIQUE("created_by")
);
--> statement-breakpoint
CREATE TABLE "test_reports" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"delivery_id" uuid,
	"commit_sha" text NOT NULL,
	"report" jsonb NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "port_leases" (
	"port" integer PRIMARY KEY NOT NULL,
	"release_id" uuid NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "releases" (
	"id" uuid PRIMARY KEY NOT NULL,
	"project_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"commit_sha" text NOT NULL,
	"status" text NOT NULL,
	"port" integer,
	"start_command" text NOT NULL,
	"health_path" text NOT NULL,
	"public_environment" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"secret_references" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"approval_id" uuid,
	"report_id" uuid,
	"outcome" jsonb,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "secrets" (
	"project_id" uuid NOT NULL,
	"name" text NOT NULL,
	"version" integer NOT NULL,
	"origin" text NOT NULL,
	"key_id" text NOT NULL,
	"sealed" "bytea" NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "secrets_project_id_name_version_pk" PRIMARY KEY("project_id","name","version")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"thread_id" uuid NOT NULL,
	"payload" jsonb NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"due_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"done_at" timestamp (6) with time zone,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run_leases" (
	"run_id" uuid PRIMARY KEY NOT NULL,
	"epoch" bigint NOT NULL,
	"lease_until" timestamp (6) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "runs" (
	"run_id" uuid PRIMARY KEY NOT NULL,
	"thread_id" uuid NOT NULL,
	"sequence" bigserial NOT NULL,
	"assistant_id" uuid NOT NULL,
	"graph_id" text NOT NULL,
	"owner" text NOT NULL,
	"status" text NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"kwargs" jsonb NOT NULL,
	"multitask_strategy" text DEFAULT 'reject' NOT NULL,
	"branch" text NOT NULL,
	"stateless" boolean DEFAULT false NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"epoch" bigint DEFAULT 0 NOT NULL,
	"worker" text,
	"cancel" text,
	"error" jsonb,
	"run_after" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp (6) with time zone,
	"ended_at" timestamp (6) with time zone
);
--> statement-breakpoint
CREATE TABLE "stream_events" (
	"run_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"event" text NOT NULL,
	"data" text NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "store_items" (
	"namespace" text[] NOT NULL,
	"key" text NOT NULL,
	"value" jsonb NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "store_items_namespace_key_pk" PRIMARY KEY("namespace","key")
);
--> statement-breakpoint
CREATE TABLE "threads" (
	"thread_id" uuid PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"status" text DEFAULT 'idle' NOT NULL,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"config" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"values" jsonb,
	"interrupts" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"error" jsonb,
	"graph_id" text,
	"assistant_id" uuid,
	"parent_thread_id" uuid,
	"parent_call" text,
	"parent_branch" text,
	"project_id" uuid,
	"seq" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp (6) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (6) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_thread_id_threads_thread_id_fk" FOREIGN KEY ("thread_id") REFERENCES "public"."threads"("thread_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assistant_versions" ADD CONSTRAINT "assistant_versions_assistant_id_assistants_assistant_id_fk" FOREIGN KEY ("assistant_id") REFERENCES "public"."assistants"("assistant_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "delivery_steps" ADD CONSTRAINT "delivery_steps_delivery_id_deliveries_id_fk" FOREIGN KEY ("delivery_id") REFERENCES "public"."deliveries"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "test_reports" ADD CONSTRAINT "test_reports_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "port_leases" ADD CONSTRAINT "port_leases_release_id_releases_id_fk" FOREIGN KEY ("release_id") REFERENCES "public"."releases"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "releases" ADD CONSTRAINT "releases_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "secrets" ADD CONSTRAINT "secrets_project_id_projects_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."projects"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_thread_id_threads_thread_id_fk" FOREIGN KEY ("thread_id") REFERENCES "public"."threads"("thread_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_leases" ADD CONSTRAINT "run_leases_run_id_runs_run_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."runs"("run_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "runs" ADD CONSTRAINT "runs_thread_id_threads_thread_id_fk" FOREIGN KEY ("thread_id") REFERENCES "public"."threads"("thread_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "approvals_thread" ON "approvals" USING btree ("thread_id","state");--> statement-breakpoint
CREATE INDEX "approvals_pending" ON "approvals" USING btree ("owner","created_at") WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX "deliveries_project" ON "deliveries" USING btree ("project_id","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "delivery_steps_checkpoint" ON "delivery_steps" USING btree ("thread_id","checkpoint_id","node");--> statement-breakpoint
CREATE INDEX "model_calls_thread" ON "model_calls" USING btree ("thread_id");--> statement-breakpoint
CREATE INDEX "projects_owner" ON "projects" USING btree ("owner","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "releases_number" ON "releases" USING btree ("project_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "releases_approval" ON "releases" USING btree ("approval_id");--> statement-breakpoint
CREATE INDEX "outbox_due" ON "outbox" USING btree ("due_at") WHERE done_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "runs_one_running_per_thread" ON "runs" USING btree ("thread_id") WHERE status = 'running';--> statement-breakpoint
CREATE INDEX "runs_pending" ON "runs" USING btree ("run_after","sequence") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "runs_thread" ON "runs" USING btree ("thread_id","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "stream_events_run_sequence" ON "stream_events" USING btree ("run_id","sequence");--> statement-breakpoint
CREATE INDEX "stream_events_created" ON "stream_events" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "threads_owner_created" ON "threads" USING btree ("owner","created_at");--> statement-breakpoint
CREATE INDEX "threads_metadata" ON "threads" USING gin ("metadata");--> statement-breakpoint
CREATE UNIQUE INDEX "threads_parent_call" ON "threads" USING btree ("parent_thread_id","parent_branch","parent_call");