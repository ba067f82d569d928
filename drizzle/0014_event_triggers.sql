-- What must be in the log whichever statement does it is written by the database, in the same transaction and without a statement more.
CREATE FUNCTION slipway_tell(type text, category text, owner text, actor text, thread uuid, run uuid, project uuid, causation text, data jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO event_intake (id, at, type, category, owner, actor, thread_id, run_id, project_id, causation_id, data)
  VALUES (gen_random_uuid(), clock_timestamp(), type, category, owner, actor, thread, run, project, causation, data);
$$;
--> statement-breakpoint
CREATE FUNCTION slipway_tell_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  told text;
  data jsonb;
BEGIN
  IF TG_OP = 'DELETE' THEN
    told := 'run.ended';
    data := jsonb_build_object('graph_id', OLD.graph_id, 'attempt', OLD.attempt, 'status', CASE WHEN OLD.cancel = 'rollback' THEN 'rolled_back' ELSE 'deleted' END,
      'error', NULL, 'duration_ms', round(extract(epoch FROM clock_timestamp() - OLD.started_at) * 1000));
    NEW := OLD;
  ELSIF NEW.status = 'pending' AND TG_OP = 'INSERT' THEN
    told := 'run.created';
    data := jsonb_build_object('graph_id', NEW.graph_id, 'strategy', NEW.multitask_strategy);
  ELSIF NEW.status = 'pending' THEN
    told := 'run.requeued';
    data := jsonb_build_object('graph_id', NEW.graph_id, 'attempt', NEW.attempt);
  ELSIF NEW.status = 'running' THEN
    told := 'run.started';
    data := jsonb_build_object('graph_id', NEW.graph_id, 'attempt', NEW.attempt,
      'queued_ms', CASE WHEN TG_OP = 'INSERT' THEN 0 ELSE greatest(0, round(extract(epoch FROM clock_timestamp() - NEW.run_after) * 1000)) END);
  ELSE
    told := 'run.ended';
    data := jsonb_build_object('graph_id', NEW.graph_id, 'attempt', NEW.attempt, 'status', NEW.status, 'error', left(NEW.error ->> 'error', 200),
      'duration_ms', round(extract(epoch FROM NEW.ended_at - NEW.started_at) * 1000));
  END IF;
  INSERT INTO event_intake (id, at, type, category, owner, thread_id, run_id, causation_id, data)
  VALUES (gen_random_uuid(), clock_timestamp(), told, 'run', NEW.owner, NEW.thread_id, NEW.run_id, left(NEW.metadata ->> 'woken_by', 100), data);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER runs_tell_insert AFTER INSERT ON runs FOR EACH ROW EXECUTE FUNCTION slipway_tell_run();
--> statement-breakpoint
CREATE TRIGGER runs_tell_update AFTER UPDATE OF status ON runs FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION slipway_tell_run();
--> statement-breakpoint
CREATE TRIGGER runs_tell_delete AFTER DELETE ON runs FOR EACH ROW WHEN (OLD.status IN ('pending', 'running')) EXECUTE FUNCTION slipway_tell_run();
--> statement-breakpoint
CREATE FUNCTION slipway_tell_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM slipway_tell('session.deleted', 'session', OLD.owner, NULL, OLD.thread_id, NULL, OLD.project_id, NULL, '{}');
  ELSE
    PERFORM slipway_tell('session.created', 'session', NEW.owner, NULL, NEW.thread_id, NULL, NEW.project_id, NEW.parent_thread_id::text,
      jsonb_build_object('parent_thread_id', NEW.parent_thread_id));
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER threads_tell_insert AFTER INSERT ON threads FOR EACH ROW WHEN (NOT NEW.temporary) EXECUTE FUNCTION slipway_tell_thread();
--> statement-breakpoint
CREATE TRIGGER threads_tell_delete AFTER DELETE ON threads FOR EACH ROW WHEN (NOT OLD.temporary) EXECUTE FUNCTION slipway_tell_thread();
--> statement-breakpoint
CREATE FUNCTION slipway_tell_approval() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  a approvals%ROWTYPE;
  told text;
  data jsonb;
BEGIN
  SELECT * INTO a FROM approvals WHERE id = NEW.approval_id;
  told := CASE NEW.event WHEN 'asked' THEN 'required' WHEN 'decided' THEN 'decided' WHEN 'reopened' THEN 'reopened' WHEN 'expiring' THEN 'expiring' WHEN 'done' THEN 'done'
    WHEN 'expired' THEN 'expired' WHEN 'superseded' THEN 'superseded' ELSE 'noted' END;
  data := jsonb_build_object('approval_id', a.id, 'kind', a.kind, 'action', left(a.action, 200), 'risk', a.risk, 'target', left(a.target, 200), 'assignee', a.assignee);
  IF told IN ('required', 'expiring') THEN
    data := data || jsonb_build_object('expires_at', a.expires_at);
  ELSIF told = 'decided' THEN
    data := data || jsonb_build_object('decision', NEW.decision ->> 'type', 'via', NEW.via, 'policy', left(NEW.policy ->> 'name', 200),
      'response_ms', greatest(0, round(extract(epoch FROM NEW.at - a.created_at) * 1000)));
  ELSIF told = 'noted' THEN
    data := data || jsonb_build_object('note', left(NEW.event, 200));
  END IF;
  PERFORM slipway_tell('approval.' || told, 'approval', a.owner, NEW.actor, a.thread_id, coalesce(NEW.run_id, a.run_id), a.project_id, a.id::text, data);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER approval_history_tell AFTER INSERT ON approval_history FOR EACH ROW EXECUTE FUNCTION slipway_tell_approval();
--> statement-breakpoint
CREATE FUNCTION slipway_tell_release() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  whose text;
  thread uuid;
BEGIN
  SELECT owner INTO whose FROM projects WHERE id = NEW.project_id;
  SELECT thread_id INTO thread FROM approvals WHERE id = NEW.approval_id;
  PERFORM slipway_tell('deploy.' || CASE NEW.status WHEN 'starting' THEN 'started' ELSE NEW.status END, 'deploy', whose, NULL, thread, NULL, NEW.project_id, NEW.approval_id::text,
    jsonb_build_object('release_id', NEW.id, 'number', NEW.number, 'commit', NEW.commit_sha, 'from', CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER releases_tell_insert AFTER INSERT ON releases FOR EACH ROW EXECUTE FUNCTION slipway_tell_release();
--> statement-breakpoint
CREATE TRIGGER releases_tell_update AFTER UPDATE OF status ON releases FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION slipway_tell_release();
--> statement-breakpoint
CREATE FUNCTION slipway_tell_secret() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  whose text;
BEGIN
  SELECT owner INTO whose FROM projects WHERE id = NEW.project_id;
  PERFORM slipway_tell('secret.stored', 'security', whose, NULL, NULL, NULL, NEW.project_id, NULL,
    jsonb_build_object('name', NEW.name, 'version', NEW.version, 'origin', NEW.origin, 'key_id', NEW.key_id));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER secrets_tell_insert AFTER INSERT ON secrets FOR EACH ROW EXECUTE FUNCTION slipway_tell_secret();
--> statement-breakpoint
INSERT INTO event_head DEFAULT VALUES ON CONFLICT DO NOTHING;
--> statement-breakpoint
CREATE FUNCTION slipway_refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is only added to' USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE TRIGGER audit_log_refuse_change BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION slipway_refuse_audit_change();
--> statement-breakpoint
CREATE TRIGGER audit_log_refuse_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION slipway_refuse_audit_change();
