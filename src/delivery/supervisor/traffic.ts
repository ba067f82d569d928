import { setTimeout as sleep } from "node:timers/promises";

/** Enough answers to judge a release by, and the share of bad ones that condemns it. */
const JUDGED_FROM = 20;
const CONDEMNED_AT = 0.5;

/** Requests of one running release, as the proxy sees them. */
export interface Traffic {
  begin(): () => void;
  hold(cut: () => void): () => void;
  report(status: number | null): void;
  /** Cuts held connections, then waits until nothing is in flight, at most `limitMs`. True when it became quiet. */
  drain(limitMs: number): Promise<boolean>;
  /** A sentence when at least half of the answers so far were server errors; null otherwise. */
  complaint(): string | null;
}

export function createTraffic(): Traffic {
  let inFlight = 0;
  let answers = 0;
  let bad = 0;
  const held = new Set<() => void>();
  return {
    begin() {
      inFlight += 1;
      let over = false;
      return () => {
        if (!over) inFlight -= 1;
        over = true;
      };
    },
    hold(cut) {
      held.add(cut);
      return () => held.delete(cut);
    },
    report(status) {
      answers += 1;
      if (status === null || status >= 500) bad += 1;
    },
    async drain(limitMs) {
      for (const cut of held) cut();
      const end = Date.now() + limitMs;
      while (inFlight > 0 && Date.now() < end) await sleep(20);
      return inFlight === 0;
    },
    complaint: () =>
      answers >= JUDGED_FROM && bad / answers >= CONDEMNED_AT ? `${bad} of ${answers} requests since the switch ended in a server error.` : null,
  };
}
