-- Which rule had a question asked is told with what became of it, so that the audit log answers why somebody was asked.
CREATE OR REPLACE FUNCTION slipway_tell_approval() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  a approvals%ROWTYPE;
  told text;
  data jsonb;
BEGIN
  SELECT * INTO a FROM approvals WHERE id = NEW.approval_id;
  told := CASE NEW.event WHEN 'asked' THEN 'required' WHEN 'decided' THEN 'decided' WHEN 'reopened' THEN 'reopened' WHEN 'warned' THEN 'expiring' WHEN 'done' THEN 'done'
    WHEN 'expired' THEN 'expired' WHEN 'superseded' THEN 'superseded' ELSE 'noted' END;
  data := jsonb_build_object('approval_id', a.id, 'kind', a.kind, 'action', left(a.action, 200), 'risk', a.risk, 'target', left(a.target, 200), 'assignee', a.assignee);
  IF a.mirror_of IS NOT NULL THEN
    data := data || jsonb_build_object('mirror_of', a.mirror_of);
  END IF;
  -- asked comes before the rules are
  IF told IN ('decided', 'expiring', 'expired') AND a.policy IS NOT NULL THEN
    data := data || jsonb_build_object('rule', left(a.policy ->> 'name', 200));
  END IF;
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
