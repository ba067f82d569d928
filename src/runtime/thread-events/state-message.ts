type Dictionary = Record<string, unknown>;

function isDictionary(value: unknown): value is Dictionary {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const TYPES: Record<string, string> = {
  human: "human",
  user: "human",
  ai: "ai",
  assistant: "ai",
  system: "system",
  tool: "tool",
  function: "function",
  remove: "remove",
};

/**
 * A message of a state as protocol v2 has it: the fields that mean something and no empty ones. Anything that is no message of a list stays as
 * it is. For `toJson`.
 */
export function stateMessage(value: unknown, holder: unknown): unknown {
  if (!Array.isArray(holder) || !isDictionary(value) || typeof value["type"] !== "string") return value;
  const type = TYPES[value["type"]];
  // a content block of type "text" has no `content`
  if (type === undefined || !("content" in value)) return value;
  const metadata = value["response_metadata"];
  return {
    type,
    content: contentOf(value["content"]),
    ...textField(value, "id"),
    ...textField(value, "name"),
    ...(isDictionary(metadata) && Object.keys(metadata).length > 0 ? { response_metadata: metadata } : {}),
    ...(typeof value["example"] === "boolean" && (type === "ai" || type === "human") ? { example: value["example"] } : {}),
    ...(type === "tool" ? toolFields(value) : {}),
    ...(type === "ai" ? callFields(value) : {}),
  };
}

function textField(value: Dictionary, field: string): Dictionary {
  return typeof value[field] === "string" ? { [field]: value[field] } : {};
}

function toolFields(value: Dictionary): Dictionary {
  return {
    ...textField(value, "tool_call_id"),
    ...(value["status"] === "success" || value["status"] === "error" ? { status: value["status"] } : {}),
    ...("artifact" in value && value["artifact"] !== undefined ? { artifact: value["artifact"] } : {}),
  };
}

function callFields(value: Dictionary): Dictionary {
  const list = (field: string) => (Array.isArray(value[field]) ? value[field].filter(isDictionary) : []);
  const calls = list("tool_calls").map(({ id, name, args }) => ({ ...(id === undefined ? {} : { id }), name, args, type: "tool_call" }));
  const invalid = list("invalid_tool_calls").map((call) => ({ ...call, error: call["error"] ?? "Malformed args.", type: "invalid_tool_call" }));
  return { ...(calls.length > 0 ? { tool_calls: calls } : {}), ...(invalid.length > 0 ? { invalid_tool_calls: invalid } : {}) };
}

/** Blocks under their standard names; a text stays a text. */
function contentOf(content: unknown): unknown {
  if (!Array.isArray(content)) return content;
  return content.map((part: unknown) => {
    if (typeof part === "string") return { type: "text", text: part };
    if (!isDictionary(part)) return part;
    if (part["type"] === "image_url") {
      const image = part["image_url"];
      return { type: "image", url: isDictionary(image) ? image["url"] : image };
    }
    if (part["type"] === "input_audio" && isDictionary(part["input_audio"])) return { type: "audio", ...part["input_audio"] };
    const { mimeType, ...rest } = part;
    return typeof mimeType === "string" && rest["mime_type"] === undefined ? { ...rest, mime_type: mimeType } : part;
  });
}
