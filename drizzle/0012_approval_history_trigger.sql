-- Every change of an approval's state is history, whichever statement made it.
CREATE FUNCTION slipway_note_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO approval_history (approval_id, event, from_state, to_state, actor, via, run_id, decision, policy)
  VALUES (
    NEW.id,
    CASE WHEN TG_OP = 'INSERT' THEN 'asked'
      WHEN NEW.state = 'resuming' THEN 'decided'
      WHEN NEW.state = 'pending' AND OLD.state = 'resuming' THEN 'reopened'
      WHEN NEW.state = 'pending' THEN 'asked'
      ELSE NEW.state END,
    CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END,
    NEW.state,
    CASE WHEN NEW.state = 'resuming' THEN NEW.decided_by END,
    CASE WHEN NEW.state = 'resuming' THEN NEW.decided_via END,
    CASE WHEN TG_OP = 'INSERT' THEN NEW.run_id
      WHEN NEW.state = 'pending' THEN coalesce(OLD.resume_run_id, NEW.run_id)
      ELSE NEW.resume_run_id END,
    CASE WHEN NEW.state = 'resuming' THEN NEW.decision END,
    CASE WHEN NEW.state = 'resuming' AND NEW.decided_via IN ('policy', 'expiry') THEN NEW.policy END
  );
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER approvals_note_insert AFTER INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION slipway_note_approval();
--> statement-breakpoint
CREATE TRIGGER approvals_note_update AFTER UPDATE OF state ON approvals FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION slipway_note_approval();
