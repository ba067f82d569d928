export interface UserRow {
  identity: string;
  display_name: string;
  role: "user" | "approver" | "admin";
  disabled_at: Date | null;
  last_seen_at: Date | null;
  created_at: Date;
}
