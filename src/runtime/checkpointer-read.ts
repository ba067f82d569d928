import type { Checkpoint, CheckpointMetadata, CheckpointPendingWrite, CheckpointTuple, SerializerProtocol } from "@langchain/langgraph-checkpoint";
import type { CheckpointHead, CheckpointPage } from "#db/queries/read-checkpoints.ts";
import type { ElementTexts } from "./checkpointer-elements.ts";
import { LIST_TYPE, pagesOf, wholeList, type Part } from "./checkpointer-list.ts";

/** The value of a channel row: plain, or a list in parts, whose elements are remembered in `texts`. */
export async function loadBlob(
  serde: SerializerProtocol,
  type: string,
  body: Buffer,
  parts: ReadonlyMap<string, Buffer> | undefined,
  texts: ElementTexts | null = null,
): Promise<unknown> {
  // serde gives back what was given to it: the type is the graph's own
  if (type !== LIST_TYPE) return (await serde.loadsTyped(type, body)) as unknown;
  const { pages, open } = pagesOf(body, (key) => parts?.get(key));
  const last = open.length > 0 ? [open] : [];
  if (texts === null) return (await serde.loadsTyped("json", wholeList([...pages.map((page) => page.body), ...last]))) as unknown;
  const lists = await Promise.all([...pages.map((page) => loadPage(serde, page.body, texts, page)), ...last.map((text) => loadPage(serde, text, texts))]);
  return lists.flat();
}

async function loadPage(serde: SerializerProtocol, text: Uint8Array, texts: ElementTexts, page: Part | null = null): Promise<unknown[]> {
  const elements = (await serde.loadsTyped("json", wholeList([text]))) as unknown[];
  // a page of several has the JSON of each somewhere in it; messages have pages of their own
  if (elements.length === 1) texts.look(elements[0])(text, page);
  return elements;
}

/** Puts one checkpoint of a page together. `pendingSends` are those of a parent, for formats older than 4. */
export async function assembleTuple(
  serde: SerializerProtocol,
  page: CheckpointPage,
  head: CheckpointHead,
  pendingSends: readonly unknown[] | null,
  texts: ElementTexts | null,
): Promise<CheckpointTuple> {
  const { threadId, namespace, checkpointId, parentId } = head;
  // the column holds what `put` stored: a checkpoint without its values
  const stored = head.checkpoint as unknown as Checkpoint;
  const versions = stored.channel_versions ?? {};
  const blobs = page.blobs.filter((blob) => blob.threadId === threadId && blob.namespace === namespace && String(versions[blob.channel]) === blob.version);
  const parts = page.parts.get(threadId);
  const values = await Promise.all(blobs.map(async (blob) => [blob.channel, await loadBlob(serde, blob.type, blob.body, parts, texts)] as const));
  const checkpoint: Checkpoint = { ...stored, channel_versions: versions, channel_values: Object.fromEntries(values) };
  if (pendingSends) addPendingSends(checkpoint, pendingSends);
  const writes = page.writes.filter((write) => write.threadId === threadId && write.namespace === namespace && write.checkpointId === checkpointId);
  const pendingWrites = await Promise.all(
    writes.map(async ({ taskId, channel, type, body }) => [taskId, channel, (await serde.loadsTyped(type, body)) as unknown] satisfies CheckpointPendingWrite),
  );
  // metadata went in as the serializer's JSON of a CheckpointMetadata
  const metadata = (await serde.loadsTyped("json", head.metadata)) as CheckpointMetadata;
  const at = (id: string) => ({ configurable: { thread_id: threadId, checkpoint_ns: namespace, checkpoint_id: id } });
  return { config: at(checkpointId), checkpoint, metadata, pendingWrites, ...(parentId === null ? {} : { parentConfig: at(parentId) }) };
}

/** True where the sends of a checkpoint are still writes of its parent. */
export function keepsSendsInParent(head: CheckpointHead): boolean {
  return head.parentId !== null && Number(head.checkpoint["v"] ?? 4) < 4;
}

function addPendingSends(checkpoint: Checkpoint, sends: readonly unknown[]): void {
  const versions = Object.values(checkpoint.channel_versions).map(Number);
  checkpoint.channel_values["__pregel_tasks"] = sends;
  checkpoint.channel_versions["__pregel_tasks"] = versions.length > 0 ? Math.max(...versions) : 1;
}
