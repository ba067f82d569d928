/**
 * What clients of the LangGraph Server API rely on, one entry a behaviour, each with where it comes from. Tests cite entries through
 * `verifies(id, body)`; `coverage.test.ts` fails on an entry that no test cites.
 *
 * Sources: `sdk` = the call of @langchain/langgraph-sdk that breaks without it; `peer` = observed on @langchain/langgraph-api 1.5;
 * `docs` = LangGraph's public API reference; `ours` = a decision of this project, in docs/.
 */
export interface Requirement {
  behaviour: string;
  source: string;
  /** Set while it is known not to hold: the test must then fail, so that a fix forces this entry to be updated. */
  knownFailure?: string;
}

export const REQUIREMENTS = {
  // system
  "system.ok": { behaviour: "GET /ok answers {ok:true} once work can be taken", source: "docs" },
  "system.info": { behaviour: "GET /info tells version, context and flags", source: "agent-chat-ui and Studio connection check" },

  // assistants
  "assistants.system": { behaviour: "every graph has a system assistant whose id is uuidv5 of the graph id", source: "peer" },
  "assistants.by-graph-id": { behaviour: "an assistant is found by uuid and by graph id", source: "sdk assistants.get" },
  "assistants.create": {
    behaviour: "create answers version 1; the same id again is 409 or, with do_nothing, the existing one",
    source: "sdk assistants.create",
  },
  "assistants.search": {
    behaviour: "search filters by graph, name and metadata, pages, and names the next page",
    source: "sdk assistants.search includePagination",
  },
  "assistants.count": { behaviour: "count is a bare integer", source: "sdk assistants.count" },
  "assistants.update-versions": {
    behaviour: "every PATCH makes a version, metadata is merged, setLatest goes back",
    source: "sdk assistants.update, getVersions, setLatest",
  },
  "assistants.delete": { behaviour: "delete answers 200 with the id in a list; afterwards it is 404", source: "peer" },
  "assistants.delete-threads": { behaviour: "delete_threads removes the threads that ran the assistant", source: "sdk assistants.delete deleteThreads" },
  "assistants.unknown": { behaviour: "an unknown assistant is HTTP 404: Assistant not found", source: "peer's client suite" },
  "assistants.graph": { behaviour: "the graph is drawn as nodes and edges, with xray its subgraphs too", source: "sdk assistants.getGraph, Studio" },
  "assistants.schemas": { behaviour: "schemas of input, output, state, config and context are JSON Schema", source: "sdk assistants.getSchemas, Studio" },
  "assistants.subgraphs": { behaviour: "subgraphs are listed by namespace", source: "sdk assistants.getSubgraphs" },
  "assistants.subgraphs-recursive": { behaviour: "recurse lists subgraphs of subgraphs as outer|inner, with their schemas", source: "peer's client suite" },
  "assistants.graph-shape": { behaviour: "a drawn node is schema or runnable and has its name; branches are conditional edges", source: "peer's client suite" },
  "assistants.versions": { behaviour: "versions are paged and filtered by metadata, and keep their settings", source: "peer's client suite" },
  "assistants.from-environment": { behaviour: "LANGGRAPH_CONFIG configures the system assistants", source: "peer's client suite" },

  // threads
  "threads.create-empty": { behaviour: "POST /threads without a body creates a thread", source: "peer" },
  "threads.create": { behaviour: "create takes id and metadata; the same id again is 409 or, with do_nothing, the existing one", source: "sdk threads.create" },
  "threads.supersteps": { behaviour: "a thread can be created with a history of updates", source: "sdk threads.create supersteps" },
  "threads.get-unknown": { behaviour: "an unknown thread is HTTP 404: Thread with ID <id> not found", source: "peer's client suite" },
  "threads.search": {
    behaviour: "search filters by metadata, status, ids and values, sorts, pages, and carries values and interrupts",
    source: "sdk threads.search, agent-chat-ui, agent-inbox",
  },
  "threads.count": { behaviour: "count is a bare integer", source: "sdk threads.count" },
  "threads.extract": {
    behaviour: "a search extracts paths of a thread under names of the client's choice, null where there is nothing",
    source: "sdk threads.search extract",
  },
  "threads.pages": {
    behaviour: "lists tell their exact total, also behind the last page, and the next offset while there is one",
    source: "sdk includePagination; ours",
  },
  "threads.update": { behaviour: "PATCH merges metadata; return=minimal answers 204", source: "sdk threads.update" },
  "threads.delete": { behaviour: "delete is 204 and takes runs and state along", source: "sdk threads.delete" },
  "threads.copy": { behaviour: "copy makes an independent thread with the same state; of nothing it is 409", source: "sdk threads.copy" },
  "threads.copy-history": {
    behaviour: "a copy has the same history under its own id, and editing it leaves the original alone",
    source: "peer's client suite",
  },
  "threads.supersteps-commands": { behaviour: "supersteps take commands, and the input as __input__", source: "sdk threads.create supersteps; peer" },
  "threads.copy-asking": { behaviour: "the copy of a thread that asks can be answered on its own", source: "sdk threads.copy, agent-inbox" },
  "threads.ttl": {
    behaviour: "create and update take a ttl in minutes or with a strategy; include=ttl tells strategy, ttl_minutes and expires_at; others are not told",
    source: "sdk threads.create, update, get include",
  },
  "threads.ttl-bad": { behaviour: "a ttl that is no positive number, or of an unknown strategy, is 422 like every bad body", source: "ours" },
  "threads.prune": {
    behaviour: "prune answers pruned_count: delete ends the threads, keep_latest leaves their state without its history; unknown ids are passed over",
    source: "sdk threads.prune",
  },
  "threads.storage": { behaviour: "a thread tells what it takes up, by itself and with include=storage", source: "docs" },
  "threads.patch-state": { behaviour: "PATCH of a state merges metadata into the thread's", source: "sdk threads.patchState" },
  "threads.delete-running": { behaviour: "deleting a thread ends what runs on it", source: "sdk threads.delete" },
  "threads.run-metadata": { behaviour: "a run leaves graph_id and assistant_id in the thread's metadata", source: "peer, agent-chat-ui" },

  // state
  "state.fresh": { behaviour: "a fresh thread has empty values, nothing next and no checkpoint", source: "peer" },
  "state.latest": { behaviour: "state holds values, next, tasks with interrupts, checkpoint and parent", source: "sdk threads.getState" },
  "state.at-checkpoint": { behaviour: "state at a checkpoint is read by path and by POST", source: "sdk threads.getState(id, checkpoint)" },
  "state.subgraphs": { behaviour: "subgraphs: true carries the state of an interrupted subgraph in its task", source: "sdk threads.getState subgraphs" },
  "state.subgraph-edit": {
    behaviour: "the state of a paused subgraph is edited at its task's checkpoint, goes on from there, and has a history of its own",
    source: "peer's client suite",
  },
  "state.factory": {
    behaviour: "state and edits of a graph that a factory makes are those of the graph that the thread's runs got",
    source: "peer's client suite",
  },
  "state.update": { behaviour: "an update writes a checkpoint as a node, which the next run goes on from", source: "sdk threads.updateState" },
  "state.update-end": { behaviour: "values null as __end__ closes an interrupted thread", source: "agent-inbox ignore" },
  "state.update-busy": { behaviour: "an update during a run is 409", source: "peer" },
  "state.update-no-graph": { behaviour: "an update of a thread that no graph ran on is 400", source: "peer" },
  "state.history": { behaviour: "history is newest first, limited, and goes on before a checkpoint", source: "sdk threads.getHistory, useStream" },
  "state.history-metadata": {
    behaviour: "checkpoints carry the run's id and metadata, and history filters by them",
    source: "sdk threads.getHistory metadata; peer",
  },

  // runs
  "runs.create": { behaviour: "create answers a pending run and Content-Location", source: "sdk runs.create onRunCreated" },
  "runs.create-unknown-assistant": { behaviour: "an unknown assistant is 404 and names it", source: "peer" },
  "runs.create-unknown-thread": {
    behaviour: "a run on an unknown thread is 404; with if_not_exists: create it makes the thread",
    source: "sdk runs.create ifNotExists; ours (peer answers 422)",
  },
  "runs.wait": { behaviour: "wait answers the final values as JSON", source: "sdk runs.wait" },
  "runs.wait-error": { behaviour: "a failed run waits into __error__, which the SDK throws", source: "sdk runs.wait raiseError" },
  "runs.wait-cancelled": {
    behaviour: "whoever waits for a run that is cancelled gets what the thread holds then",
    source: "sdk runs.wait looks into the answer; peer",
  },
  "runs.wait-interrupted": {
    behaviour: "whoever waits for a run that asks gets the values, with the questions under __interrupt__",
    source: "docs; python server",
  },
  "runs.join-failed": { behaviour: "joining a failed run answers its error, joining its stream ends with the error event", source: "peer's client suite" },
  "runs.stateless": { behaviour: "stateless runs create, wait and stream without a thread, and leave none", source: "sdk runs.*(null)" },
  "runs.stateless-address": { behaviour: "a stateless run has the address /runs/:id, and its stream can be joined there", source: "sdk runs.joinStream(null)" },
  "runs.stateless-keep": { behaviour: "on_completion: keep leaves the thread of a stateless run, under the id that the run told", source: "sdk onCompletion" },
  "runs.batch": { behaviour: "a batch creates one run each", source: "sdk runs.createBatch" },
  "runs.list": { behaviour: "runs of a thread are listed newest first, by status, in pages", source: "sdk runs.list" },
  "runs.list-select": { behaviour: "a list of runs holds only the fields that are selected", source: "sdk runs.list select" },
  "runs.get": { behaviour: "a run is read with its status; an unknown one is HTTP 404: Run not found", source: "sdk runs.get" },
  "runs.delete-state": {
    behaviour: "deleting the last run of a thread takes back what it wrote; one in the middle leaves the state alone",
    source: "peer, ours",
  },
  "runs.delete": { behaviour: "delete is 204; afterwards the run is 404", source: "sdk runs.delete" },
  "runs.join": { behaviour: "join blocks until the end and answers the final values", source: "sdk runs.join" },
  "runs.metadata": { behaviour: "run metadata is that of assistant, thread and run, the last wins", source: "peer" },
  "runs.config": { behaviour: "x-headers and config.configurable reach the graph, reserved keys and credentials do not", source: "peer; ours" },
  "runs.config-inherited": {
    behaviour: "a run that says nothing goes on with what earlier runs on its thread were given; the assistant's own settings may change between them",
    source: "peer, python server; agent-inbox resumes without config",
  },
  "runs.nulls": { behaviour: "null stands for a field that is not given, in every field that may be absent", source: "python sdk" },
  "runs.durability": {
    behaviour: "durability exit saves once at the end, checkpoint_during: false is its older name",
    source: "sdk durability, checkpointDuring",
  },
  "runs.context": { behaviour: "context reaches the graph", source: "sdk runs.* context" },
  "runs.recursion-limit": { behaviour: "a recursion limit ends a run with an error", source: "sdk config.recursion_limit" },
  "runs.own-recursion-limit": { behaviour: "without a limit in the request the graph's own holds; one in the request goes before it", source: "peer" },
  "runs.after-seconds": { behaviour: "a delayed run stays pending", source: "sdk runs.create afterSeconds" },
  "runs.multitask-reject": { behaviour: "a second run under reject is 409 and the first goes on", source: "ours (peer answers 422); python server" },
  "runs.multitask-enqueue": { behaviour: "enqueued runs run one after the other", source: "sdk multitaskStrategy" },
  "runs.multitask-interrupt": { behaviour: "interrupt cancels the run that is on and then runs", source: "sdk multitaskStrategy" },
  "runs.multitask-rollback": { behaviour: "rollback removes the run that is on and its checkpoints and then runs", source: "sdk multitaskStrategy, docs" },
  "runs.cancel": { behaviour: "cancel interrupts a running run; wait=1 answers when it has settled; the thread is idle", source: "sdk runs.cancel" },
  "runs.cancel-finished": { behaviour: "cancelling a finished run changes nothing and is no error", source: "peer" },
  "runs.cancel-rollback": { behaviour: "cancel with rollback removes the run and restores the state before it", source: "docs" },
  "runs.cancel-many": { behaviour: "runs are cancelled by status", source: "sdk runs.cancelMany" },
  "runs.interrupt-before": { behaviour: "interrupt_before stops in front of a node and null input goes on", source: "sdk interruptBefore" },
  "runs.fork": { behaviour: "a checkpoint as starting point forks the thread", source: "sdk runs.* checkpoint, useStream branches" },
  "runs.store": { behaviour: "the store in a graph is the store of the API", source: "docs" },

  // streams
  "stream.metadata": { behaviour: "the first event is metadata with run_id and attempt, id 0; ids count up", source: "peer" },
  "stream.values": { behaviour: "values: the input state, then the full state of each step", source: "peer" },
  "stream.updates": { behaviour: "updates: one object a node", source: "peer" },
  "stream.messages-tuple": { behaviour: "messages-tuple: event messages with [chunk, metadata], token by token", source: "peer, useStream" },
  "stream.messages": { behaviour: "messages: metadata once, partial accumulating, complete at the end", source: "peer" },
  "stream.messages-complete": {
    behaviour: "messages/complete comes right after the values that it is part of, and is the last event",
    source: "peer's client suite",
  },
  "stream.messages-subgraphs": {
    behaviour:
      "messages of a subgraph come without asking for subgraphs; with them messages-tuple names it, the old mode never does; a tool's message is whole",
    source: "peer",
  },
  "stream.custom": { behaviour: "custom: what the writer was given, verbatim", source: "peer" },
  "stream.events": { behaviour: "events: LangChain's event objects", source: "peer" },
  "stream.events-set": { behaviour: "the root's own chunks are no events", source: "peer's client suite" },
  "stream.debug-tasks-checkpoints": { behaviour: "debug, tasks and checkpoints carry their payloads", source: "peer, Studio" },
  "stream.debug-history": {
    behaviour: "the checkpoints of debug are those of the history, in order, also when a run goes on from one",
    source: "peer's client suite",
  },
  "stream.tools": { behaviour: "tools: the start and the end of each tool call with its id, name, input and output", source: "peer; useStream" },
  "stream.mixed": { behaviour: "events go beside the other modes", source: "peer" },
  "stream.subgraphs": { behaviour: "with stream_subgraphs an event of a subgraph names its namespace", source: "peer" },
  "stream.subgraphs-deep": {
    behaviour: "namespaces of subgraphs in subgraphs are joined by |, and nobody gets modes that were not asked for",
    source: "peer's client suite",
  },
  "stream.subgraphs-modes": { behaviour: "tasks, debug, checkpoints and custom of a subgraph carry its namespace as well", source: "peer" },
  "stream.interrupt": { behaviour: "an interrupt shows as __interrupt__ with id and value", source: "peer" },
  "stream.breakpoint": { behaviour: "a breakpoint shows as __interrupt__ with nothing in it", source: "peer's client suite" },
  "stream.answer-at-once": {
    behaviour: "a question can be answered, and an error followed by the next run, the moment it shows on the stream",
    source: "RemoteGraph leaves the stream there",
  },
  "stream.error": { behaviour: "a failing graph ends the stream with an error event of name and message", source: "peer" },
  "stream.no-end": { behaviour: "no end event; the last event is a payload and the stream closes", source: "peer's client suite" },
  "stream.location": { behaviour: "Content-Location and Location name the run", source: "sdk reconnect" },
  "stream.resume": {
    behaviour: "a resumable stream replays after Last-Event-ID, -1 from the start, without loss or repetition",
    source: "sdk runs.joinStream lastEventId",
  },
  "stream.join-live": { behaviour: "joining a running run sees what comes", source: "sdk runs.joinStream" },
  "stream.join-unknown": { behaviour: "joining an unknown run is an error event with status 200", source: "peer's client suite" },
  "stream.join-modes": { behaviour: "who joins may ask for some of a run's modes", source: "sdk runs.joinStream streamMode" },
  "stream.join-cancel": {
    behaviour: "cancel_on_disconnect cancels the run when who joined it leaves",
    source: "sdk runs.joinStream, runs.join cancelOnDisconnect",
  },
  "stream.disconnect-cancel": {
    behaviour: "on_disconnect: cancel cancels the run when the client leaves; continue lets it finish",
    source: "sdk onDisconnect",
  },

  "stream.restart": { behaviour: "a stream goes on for the SDK when the server is killed and started again", source: "ours; sdk reconnect" },

  // interrupts
  "interrupt.thread": { behaviour: "an interrupted thread says so, in status, interrupts and state", source: "agent-inbox" },
  "interrupt.resume": { behaviour: "command.resume answers it and the run goes on", source: "sdk command.resume" },
  "interrupt.resume-0.3": {
    behaviour: "a question of a project with LangGraph 0.3 has an id and takes its answer",
    source: "LangGraph 0.3.6 `interrupt_id`",
  },
  "interrupt.resume-falsy": { behaviour: "false, 0 and the empty text are answers too", source: "ours (LangGraph refuses them)" },
  "interrupt.resume-by-id": { behaviour: "several interrupts are answered by id, one at a time or together", source: "useStream respondAll" },
  "interrupt.update-goto": { behaviour: "command.update and command.goto move a thread", source: "sdk command" },
  "interrupt.command-shapes": {
    behaviour: "update is an object or pairs, goto a node, a Send or a list of them; a Command as Python or RemoteGraph writes it counts",
    source: "sdk command; RemoteGraph; python asdict(Command)",
  },

  // RemoteGraph of @langchain/langgraph
  "remote.stream": { behaviour: "RemoteGraph invokes and streams in all its modes, with messages", source: "RemoteGraph" },
  "remote.state": { behaviour: "RemoteGraph reads state, subgraphs and history, and updates", source: "RemoteGraph" },
  "remote.graph": { behaviour: "RemoteGraph draws the graph and lists its subgraphs", source: "RemoteGraph" },
  "remote.interrupt": { behaviour: "an interrupt is raised in RemoteGraph, and a Command answers it at once or sends elsewhere", source: "RemoteGraph" },
  "remote.node": {
    behaviour: "RemoteGraph is a node: its steps are streamed by the graph around it, its question and its error are that graph's",
    source: "RemoteGraph",
  },

  // our own resources
  "ours.snake-case": { behaviour: "every field of our own resources is in snake_case, in the document and in what is answered", source: "ours" },

  // approvals
  "approvals.list": { behaviour: "what waits for a person is listed over all threads, by state, kind and thread", source: "ours" },
  "approvals.decide": { behaviour: "a decision resumes its run and is kept with who and when", source: "ours" },
  "approvals.decide-on-thread": { behaviour: "command.resume on the thread decides the approval too", source: "ours" },
  "approvals.once": { behaviour: "of 50 concurrent decisions one runs, the others are 409 already_decided in JSON", source: "ours" },
  "approvals.unreadable": { behaviour: "an unreadable or disallowed decision is 422 and leaves it pending", source: "ours" },
  "approvals.once-over-two-apis": {
    behaviour: "of 50 decisions over two servers and both APIs one counts, the others are 409 with who decided and when",
    source: "ours",
  },
  "approvals.filters": { behaviour: "the list is filtered by risk, project, assignee and agent, and paged with headers in a stable order", source: "ours" },
  "approvals.batch": {
    behaviour: "several of one kind and action are decided together with an outcome each; deployments, secrets and high risks never are",
    source: "ours",
  },
  "approvals.history": { behaviour: "every change of an approval is listed with who, when and over which API; assignments too", source: "ours" },
  "approvals.metrics": { behaviour: "approvals are counted by kind with rates and percentiles of the time that people took", source: "ours" },
  "policies.crud": {
    behaviour: "rules are made, listed before those that are built in, replaced and deleted; a misspelt condition is refused",
    source: "ours",
  },
  "policies.allow": { behaviour: "a rule answers what it allows, and is named where a person would be", source: "ours" },
  "policies.dry-run": { behaviour: "a dry run tells what rules would have done, and decides nothing", source: "ours" },
  "approvals.effect": {
    behaviour: "a deployment needs a decision on record: as_node, goto, update, a fork, a copy, a fresh thread or a key without approve do not make one",
    source: "ours",
  },
  "policies.tools": { behaviour: "a rule denies or asks about any call of a tool; parallel questions reach their own call, over a restart", source: "ours" },
  "approvals.foreign": {
    behaviour: "a decision in the inbox reaches a foreign graph in the shape that it asked for; one that cannot is refused, and the question stays",
    source: "ours; langchain humanInTheLoopMiddleware",
  },
  "approvals.foreign-agents": {
    behaviour: "a plain yes over MCP and A2A answers LangChain's middleware; what cannot be read leaves its question",
    source: "ours; langchain humanInTheLoopMiddleware",
  },
  "approvals.restart": { behaviour: "a killed server's approval is still there after a start and can be answered", source: "ours" },

  // crons
  "crons.create": {
    behaviour: "a cron has schedule, time zone, end, payload and its next run date, and is found by its id",
    source: "sdk crons.create, schema Cron",
  },
  "crons.create-for-thread": { behaviour: "a cron on a thread goes with the thread; an unknown thread is 404", source: "sdk crons.createForThread" },
  "crons.refused": { behaviour: "a schedule, time zone or end that cannot be is 400 and says what to do", source: "ours" },
  "crons.update": {
    behaviour: "PATCH changes what it names, end_time null clears, enabled pauses and goes on",
    source: "sdk crons.update",
  },
  "crons.delete": { behaviour: "delete is 204; afterwards it is 404", source: "sdk crons.delete" },
  "crons.search": {
    behaviour: "search filters by assistant, thread, enabled and metadata, sorts, selects and pages; count is a bare integer",
    source: "sdk crons.search, crons.count",
  },
  "crons.run": {
    behaviour: "every tick is one run that names its cron: on the thread, or on a new one that is kept when asked",
    source: "sdk crons.create onRunCompleted",
  },

  // store
  "store.items": { behaviour: "items are put, read, replaced and deleted; a missing one is null", source: "sdk store.*" },
  "store.search": { behaviour: "search is by prefix of whole labels, filter, limit and offset", source: "sdk store.searchItems; CVE-2026-71433" },
  "store.namespaces": { behaviour: "namespaces are listed by prefix, suffix and depth", source: "sdk store.listNamespaces" },
  "store.meaning": { behaviour: "query ranks by meaning, with score; index chooses an item's fields or none", source: "sdk store.searchItems query" },
  "store.meaning-fails": { behaviour: "a put whose embedding fails stores nothing and changes nothing", source: "ours" },
  "store.ttl": {
    behaviour: "an item lives for its ttl, the configured one, or for ever; a read refreshes it when asked",
    source: "sdk store.putItem ttl, refreshTtl",
  },
  "store.statuses": { behaviour: "a put is 204, an empty namespace 400, an empty label or one with a period 422", source: "peer's store routes" },
  "store.in-graphs": {
    behaviour: "a node searches by meaning, keeps items out of the index and lists namespaces",
    source: "langgraph config.store (its wrapper fails at the last two)",
  },

  // Model Context Protocol
  "mcp.tools": { behaviour: "every assistant is a tool: a plain unique name, its description, its graph's input schema", source: "platform /mcp" },
  "mcp.call": { behaviour: "a call runs the graph and answers its last message, or its values as JSON, with progress by step", source: "MCP tools/call" },
  "mcp.errors": { behaviour: "a graph that fails, a tool that is not there and arguments that do not fit are tool errors", source: "MCP tools/call isError" },
  "mcp.waits": { behaviour: "a call that needs an answer says what is asked and on which thread; continue_thread goes on", source: "ours" },
  "mcp.turns": { behaviour: "continue_thread takes the next turn of a conversation", source: "ours" },
  "mcp.cancel": { behaviour: "a call that its client gives up, by notification or by leaving, cancels its run", source: "MCP cancellation" },
  "mcp.as-client": { behaviour: "one server's agents are another one's tools, over HTTP, also after the first was away", source: "ours" },
  "mcp.http": { behaviour: "GET and DELETE are 405, junk is 4xx; a page of elsewhere is refused", source: "MCP Streamable HTTP" },

  // Agent2Agent
  "a2a.card": { behaviour: "an assistant's card is under both addresses and leads clients of 0.3 and 1.0 to it", source: "A2A agent card; platform /a2a" },
  "a2a.send": {
    behaviour: "a message runs the assistant on a thread, its context; the next message of the context is its next turn",
    source: "A2A message/send",
  },
  "a2a.data": { behaviour: "a data part is the graph's input, values without a conversation come back as data", source: "ours" },
  "a2a.stream": { behaviour: "message/stream sends the task, its steps, its result and its last status", source: "A2A message/stream" },
  "a2a.waits": {
    behaviour: "a question is input-required; a message with the task's id answers it, and the task goes on under its id",
    source: "A2A input-required",
  },
  "a2a.fails": { behaviour: "a graph that fails is a failed task with its reason", source: "A2A task states" },
  "a2a.tasks": { behaviour: "an older task keeps its result when its context has moved on", source: "ours" },
  "a2a.cancel": { behaviour: "a task under way is cancelled; one that is over is not", source: "A2A tasks/cancel" },
  "a2a.resubscribe": {
    behaviour: "a client that left finds its task at work and follows it to the end",
    source: "A2A tasks/resubscribe (platform: not there)",
  },
  "a2a.errors": { behaviour: "junk, strangers' tasks and push notifications are JSON-RPC errors with their codes", source: "A2A errors" },

  // foreign projects
  "foreign.javascript": {
    behaviour: "a plain JavaScript project is streamed, interrupted and resumed; a graph that does not load is named and hurts nobody",
    source: "ours",
  },
  "foreign.typescript": { behaviour: "a TypeScript project with enums, .js specifiers and a factory is streamed, interrupted and resumed", source: "ours" },
  "foreign.functional": { behaviour: "a Functional API project is streamed, interrupted and resumed, its tasks run once", source: "ours" },
  "foreign.careless": { behaviour: "a graph that leaves a rejected promise or a throwing timer behind ends its run and leaves the server up", source: "ours" },
  "ours.langgraph-cli": { behaviour: "LangGraph's own command line loads our langgraph.json and draws every graph", source: "ours" },
  "foreign.agent": { behaviour: "a createAgent project with a tool and human-in-the-loop is streamed, interrupted and resumed", source: "ours" },

  // langgraph.json of others: http
  "http.app.routes": { behaviour: "http.app: the user's routes win over ours and stream bodies in and out", source: "peer, docs http.app" },
  "http.app.middleware": {
    behaviour: "http.app: its middleware wraps our routes, may refuse, and may change our answers",
    source: "peer, docs custom middleware",
  },
  "http.app.streams": { behaviour: "http.app: event streams pass its middleware as they come, and a client's leaving is felt behind it", source: "peer" },
  "http.app.errors": { behaviour: "http.app: an error of its own is 500 without its words, a torn body is cut, the server stays up", source: "ours" },
  "http.loopback": { behaviour: "a Client without address inside a graph or a route of http.app reaches this server", source: "sdk langgraph_api:fetch" },
  "http.mount-prefix": { behaviour: "http.mount_prefix: everything is under the prefix, for the SDK too", source: "docs http.mount_prefix" },
  "ui.component": {
    behaviour: "POST /ui/:graph answers HTML that loads a bundle, which renders with the page's React",
    source: "sdk LoadExternalComponent; peer",
  },
  "ui.names": { behaviour: "a component's name is text: it cannot leave its attribute or its script", source: "langgraph-api advisory on stored XSS; ours" },
  "ui.unknown": { behaviour: "components of an unknown graph are 404, ones that do not compile say why", source: "peer" },
  "http.cors": { behaviour: "http.cors replaces our origins and says methods, headers, credentials, exposed headers and age", source: "docs http.cors" },
  "http.disable": { behaviour: "http.disable_* makes a group of routes 404", source: "docs http" },
  "http.configurable-headers": {
    behaviour: "http.configurable_headers adds and removes request headers that a run sees; credentials only by their full name",
    source: "docs http.configurable_headers",
  },

  // custom auth
  "auth.open-routes": { behaviour: "with auth only /ok and /info answer without an identity, unknown paths neither", source: "ours; peer for /info" },
  "auth.refusal": { behaviour: "an HTTPException keeps its status, message and headers; the body is not read before", source: "sdk auth HTTPException" },
  "auth.broken-authenticate": { behaviour: "an authenticate() that fails or names nobody lets nobody in and tells nothing", source: "ours" },
  "auth.studio": {
    behaviour: "x-auth-scheme: langsmith is Studio only from a page of Studio or localhost on this machine",
    source: "Studio; ours (the peer believes anybody)",
  },
  "auth.studio-disabled": { behaviour: "disable_studio_auth turns that off", source: "docs auth.disable_studio_auth" },
  "auth.run-user": {
    behaviour: "runs get langgraph_auth_user, its id and permissions, whatever the client says; credentials reach no run",
    source: "peer; docs custom auth",
  },
  "auth.filter": {
    behaviour: "a filter decides alone, lists included: what does not match is 404, 409 for copy and create, an error event for join stream",
    source: "peer's auth suite",
  },
  "auth.new-thread": { behaviour: "a thread that a run makes has the metadata of the run, as the rule made it", source: "peer" },
  "auth.assistants": {
    behaviour: "an event without a rule keeps the owner rule; a run of somebody's assistant needs to read it; what graphs have by themselves does not",
    source: "ours; GHSA-jfj5",
  },
  "auth.store": {
    behaviour: "rules rewrite namespaces of all five calls and filter by namespace, key and value: existing 404, new 403",
    source: "peer's auth suite; ours",
  },
  "auth.crons": { behaviour: "crons are judged by their own events and the thread's", source: "docs custom auth" },
  "auth.owner-rule": { behaviour: "with authenticate() alone everybody has their own things, memory included", source: "ours, docs/decisions/0012" },
  "identity.every-route": {
    behaviour:
      "under AUTH, on every route: a bad credential 401, a stranger 404 or nothing of the owner's, who may only read changes nothing, the owner all of it",
    source: "ours; issue 4",
  },
  "identity.siblings": {
    behaviour: "owners and namespaces whose names begin alike never meet: acme, acme-corp",
    source: "ours",
  },
  "transports.complete": {
    behaviour: "every event stream, WebSocket, command of v2 and method of A2A has a row among the transports",
    source: "ours; issue 4",
  },
  "transports.every-row": {
    behaviour:
      "over streams, WebSockets, v2, MCP and A2A: nobody is 401, a stranger refused without a byte of the owner's, who may only read changes nothing, the owner gets all",
    source: "ours; issue 4",
  },
  "transports.guessed": {
    behaviour: "who guesses the id of a thread before it is made hears nothing of it, and who takes it first gets nothing",
    source: "ours; issue 4",
  },
  "transports.expired": { behaviour: "what is open is cut when its token runs out, over every transport, and hears nothing after", source: "ours; issue 4" },
  "hardening.headers": { behaviour: "every answer of every route, refusals and failures too, has the security headers and no stack", source: "ours; issue 4" },
  "hardening.cors": { behaviour: "under AUTH pages of CORS_ORIGINS may ask and no others, Studio and localhost neither", source: "ours; issue 4" },
  "hardening.ssrf": { behaviour: "the server goes to no address of its own network that a client names, wherever it names it", source: "ours; issue 4" },
  "identity.sdk": {
    behaviour: "the SDK's apiKey is a key of ours, and a token goes in defaultHeaders; runs and their graphs act as their user",
    source: "sdk Client apiKey",
  },
  "auth.every-route": {
    behaviour: "on every route: nobody 401, a stranger 404 or nothing of the owner's, the owner all of it",
    source: "ours; servers' advisories",
  },
  "auth.events": { behaviour: "every route asks the rules that the peer's route asks, and what they let in is let in", source: "peer; docs custom auth" },
  "auth.must-load": { behaviour: "a project whose auth does not load is not served", source: "ours" },
  "auth.network": { behaviour: "HOST beyond this machine needs auth; then pages of other origins are refused", source: "ours" },

  // projects that are shared, and what is told of who asked for more
  "sharing.viewer": {
    behaviour: "a viewer of a shared project sees it and the work on it, not its owner's conversations, and can do nothing",
    source: "ours; issue 4",
  },
  "sharing.watching-ends-nothing": {
    behaviour: "who may only see a run, or has the scope to read only, ends it by no disconnection",
    source: "ours; issue 4",
  },
  "sharing.approver": { behaviour: "an approver of a project answers its questions, and the work stays the owner's", source: "ours; issue 4" },
  "sharing.denied-by-rule": { behaviour: "an approver of a project cannot allow what an administrator's rule denies", source: "ours; issue 4" },
  "sharing.editor": {
    behaviour: "an editor rolls back and stops, and has work done that the owner sees; when it is shared no more the work ends",
    source: "ours; issue 4",
  },
  "sharing.ended": { behaviour: "what is shared no more is out of reach at once, open streams included, and nobody else is cut", source: "ours; issue 4" },
  "sharing.audit": { behaviour: "sharing stands in the audit log; sharing with its owner, as owner, by a stranger is refused", source: "ours; issue 4" },
  "sharing.command-line": { behaviour: "projects are shared from the command line too", source: "ours; issue 4" },
  "sharing.roles": {
    behaviour: "an administrator sees, shares and rolls back everybody's projects; an approver looks at them and decides",
    source: "ours; issue 4",
  },
  "denied.told": {
    behaviour: "a stranger at a thing is told to its owner, a missing scope to who asked, nobody to administrators; never a credential",
    source: "ours; issue 4",
  },
  "denied.inside": {
    behaviour: "a refusal inside of an answer (a batch, MCP, A2A, a command on a WebSocket, a stream that is joined) is told as one of a request is",
    source: "ours; issue 4",
  },
  "denied.bounded": { behaviour: "who scans fills no table, and how much was left out is told", source: "ours; issue 4" },

  // webhooks
  "webhooks.sent": { behaviour: "the end of a run is posted to its webhook: the run, its status, times, values and error", source: "sdk webhook; peer" },
  "webhooks.signed": { behaviour: "with WEBHOOK_SECRET a webhook is signed as Standard Webhooks does", source: "ours; standardwebhooks" },
  "webhooks.refused": { behaviour: "a webhook that is a path, no http address or holds credentials is 400 and nothing runs", source: "ours; GHSA-2c9q" },

  // idempotency
  "idempotency.one-run": {
    behaviour: "the same request with the same Idempotency-Key makes one run: create answers it, wait and stream join it",
    source: "ours",
  },
  "idempotency.batch": { behaviour: "a batch that is sent again makes no second runs", source: "ours" },
  "idempotency.conflict": { behaviour: "the same key with another request is 409 idempotency_conflict and nothing runs", source: "ours" },
  "idempotency.bad-key": { behaviour: "a key that is empty, too long or no printable ASCII is 400", source: "ours" },
  "idempotency.crash": { behaviour: "a request whose process died before it answered makes one run when it is sent again elsewhere", source: "ours" },

  // limits
  "limits.rate": { behaviour: "beyond the rate requests are 429 with Retry-After and RateLimit headers", source: "ours" },
  "limits.reads-are-free": { behaviour: "reading and cancelling are not held back", source: "ours" },
  "limits.key-rate": { behaviour: "a key asks as often as it may; its user and their other keys are not held back by it", source: "ours; issue 4" },
  "limits.key-socket": { behaviour: "commands and messages over a WebSocket count for its key too", source: "ours; issue 4" },
  "limits.key-runs": { behaviour: "a key has as many runs and streams as it may, within those of its user", source: "ours; issue 4" },
  "limits.body": { behaviour: "a body is as long as its key and the server allow, else 413", source: "ours; issue 4" },
  "limits.key-within": {
    behaviour: "no key is given more than the server or the key that makes it has, over HTTP and the command line",
    source: "ours; issue 4",
  },
  "limits.sdk-comes-back": { behaviour: "the SDK repeats what was held back until it is let in", source: "sdk" },

  // metrics
  "metrics.text": { behaviour: "GET /metrics tells runs, queue, streams, answers, webhooks and the process in Prometheus' text format", source: "docs" },
  "metrics.anonymous": { behaviour: "no id, name, address or method of a client becomes a label", source: "ours" },
  "metrics.json": { behaviour: "GET /metrics?format=json is the same as JSON", source: "docs" },

  // the stream of a thread
  "thread-stream.runs": {
    behaviour: "a thread's stream brings every run and run_done in order, stays open, and goes on after Last-Event-ID",
    source: "sdk threads.joinStream; docs Join Thread Stream",
  },
  "thread-stream.modes": {
    behaviour: "lifecycle brings starts and ends only, state_update the state when it was changed",
    source: "sdk ThreadStreamMode; docs",
  },
  "thread-stream.refused": { behaviour: "an unknown thread is 404, unknown modes and junk positions are 400", source: "ours" },

  // protocol v2
  "v2.transcripts": {
    behaviour: "commands and events of protocol v2 are those of the peer, save for differences that are listed with a reason",
    source: "peer 1.5.1, transcripts in tests/fixtures/protocol-v2",
  },
  "v2.content-untouched": { behaviour: "what a graph sees and keeps is the same over v2 as over v1", source: "ours (the peer's streamEvents v3 breaks it)" },
  "v2.messages": { behaviour: "messages stream text, reasoning, tool calls and usage as content blocks", source: "sdk threads.stream messages" },
  "v2.values": { behaviour: "values come step by step and the last is the thread's state", source: "sdk threads.stream values, output" },
  "v2.tools": { behaviour: "tool calls are told with input, output and state", source: "sdk threads.stream toolCalls" },
  "v2.subgraphs": { behaviour: "subgraphs are discovered, and can be followed by namespace and depth", source: "sdk threads.stream subgraphs, subscribe" },
  "v2.interrupt": {
    behaviour: "a question is input.requested, respond answers it and the run goes on",
    source: "sdk threads.stream interrupts, input.respond",
  },
  "v2.respond-many": { behaviour: "several questions are answered in one command", source: "sdk input.respond responses" },
  "v2.respond-refused": { behaviour: "an answer to nothing, to another question, or twice, is refused in words and changes nothing", source: "ours; peer" },
  "v2.websocket": {
    behaviour: "the same over a WebSocket: subscriptions outlive runs, their answer comes before their events",
    source: "sdk transport websocket",
  },
  "v2.websocket-strangers": { behaviour: "a page of another site, or another name of this host, gets no WebSocket", source: "ours" },
  "v2.websocket-reconnect": {
    behaviour: "subscription.reconnect restores subscriptions on a new socket with what they missed",
    source: "@langchain/protocol ReconnectParams",
  },
  "v2.multitask": { behaviour: "a run waits for its turn unless its start says otherwise", source: "sdk multitaskStrategy; peer" },
  "v2.cancel": { behaviour: "a cancelled run's last word is interrupted, and the thread goes on", source: "useStream stop()" },
  "v2.fork": {
    behaviour: "a start at a checkpoint forks, also where a question waits; checkpoints are listed",
    source: "sdk forkFrom, state.fork, state.listCheckpoints",
  },
  "v2.since": { behaviour: "a stream replays what came after since, all without it, and numbers never go back", source: "sdk reconnect" },
  "v2.restart": {
    behaviour: "questions, events and their numbers outlive every process; a server that executes nothing serves them",
    source: "ours (the peer keeps them in memory)",
  },
  "v2.junk": { behaviour: "junk in any field of a command or filter is refused in words, never a 5xx", source: "ours" },
  "v2.not-mine": { behaviour: "commands on and events of another owner's thread are 404, whoever came first", source: "ours (the peer leaks them)" },

  "foreign.schemas": {
    behaviour: "schemas of a TypeScript graph made of annotations are read from its types, without holding up other requests",
    source: "peer; sdk assistants.getSchemas, Studio",
  },

  // LangGraph Studio, a page of smith.langchain.com
  "studio.preflight": {
    behaviour: "Studio's preflights are answered on every route, private network included, those of a lookalike are not",
    source: "Studio; Chrome",
  },
  "studio.connect": { behaviour: "Studio connects with /info and its flags, and lists the assistants in pages", source: "Studio" },
  "studio.graph": { behaviour: "Studio draws a graph with its subgraphs and knows its schemas", source: "Studio; peer" },
  "studio.debug": {
    behaviour: "Studio's run shows tasks, results and checkpoints with addresses, inside subgraphs too, and is resumed",
    source: "Studio; peer",
  },
  "studio.edit-and-fork": { behaviour: "a past state is edited as a node and gone on from, or run again; every branch stays", source: "Studio" },
  "studio.breakpoints": { behaviour: "breakpoints before every node stop at each, and null goes on", source: "Studio interrupt_before *" },
  "studio.cancel": { behaviour: "cancel ends the run, its stream and leaves the thread where it was", source: "Studio" },
  "studio.threads": { behaviour: "threads are listed by last use, copied, renamed and deleted", source: "Studio" },
  "studio.memory": { behaviour: "the memory tab puts, lists and deletes items", source: "Studio" },
  "studio.assistants": { behaviour: "an assistant is made, changed, set back and run", source: "Studio" },
  "studio.browser": {
    behaviour: "a real page of smith.langchain.com connects, streams, edits and reads the headers that it needs",
    source: "Studio; Chromium",
  },

  // agent-chat-ui and agent-inbox
  "chat-ui.answer": {
    behaviour: "an answer that comes with an empty input and the newest checkpoint resumes the run",
    source: "agent-chat-ui resumeRun; useStream",
  },
  "chat-ui.resolve": {
    behaviour: "goto: __end__ to a thread that asks is no error, and its question can still be answered",
    source: "agent-chat-ui handleResolve",
  },
  "chat-ui.list": { behaviour: "threads are found by graph_id and by assistant_id, with their messages", source: "agent-chat-ui getThreads" },
  "inbox.read": { behaviour: "interrupted threads carry the questions that the inbox shows", source: "agent-inbox getInterruptFromThread" },
  "inbox.answer": { behaviour: "decisions resume, and the stream of events names the nodes at work", source: "agent-inbox sendHumanResponse" },
  "inbox.older-shape": { behaviour: "a list of human responses answers too", source: "agent-inbox HumanResponse" },
  "inbox.resolve": { behaviour: "what is marked as resolved asks no more", source: "agent-inbox ignoreThread" },

  // clients in a real browser, on a page of another origin; tests/browser
  "browser.v1.stream": {
    behaviour: "useStream shows an answer word by word, keeps its thread, and finds it again in the list",
    source: "sdk react useStream; agent-chat-ui",
  },
  "browser.v1.optimistic": { behaviour: "useStream shows a message before the server has it, and once afterwards", source: "sdk react optimisticValues" },
  "browser.v1.reload": {
    behaviour: "a page that is loaded again in the middle of an answer shows what came and what comes",
    source: "sdk react reconnectOnMount",
  },
  "browser.v1.stop": { behaviour: "stop() ends the run, and the thread takes the next message", source: "sdk react stop, onDisconnect" },
  "browser.v1.branches": {
    behaviour: "an edited message and another answer are branches that a person leafs through and goes on from",
    source: "sdk react branch, getMessagesMetadata; agent-chat-ui",
  },
  "browser.v1.interrupt": {
    behaviour: "a question is shown, also after a reload, and its answer resumes the run",
    source: "sdk react interrupt; agent-chat-ui",
  },
  "browser.v1.approval": { behaviour: "a tool call of createAgent is approved on the page and its result shown", source: "langchain humanInTheLoopMiddleware" },
  "browser.v1.subgraphs": { behaviour: "words and steps of a graph inside a graph arrive with its namespace", source: "sdk react streamSubgraphs" },
  "browser.v1.component": {
    behaviour: "a component of the project shows in the chat, styled and alive, with the page's React and the stream",
    source: "sdk LoadExternalComponent, typedUi; agent-chat-ui",
  },
  "browser.v1.error": { behaviour: "why a run failed is shown, also after a reload", source: "sdk react error" },

  "browser.v2.stream": { behaviour: "useStream of @langchain/react shows an answer word by word and goes on", source: "@langchain/react useStream" },
  "browser.v2.reload": {
    behaviour: "a page that is loaded again in the middle of an answer shows what came and what comes, over SSE and WebSocket",
    source: "@langchain/react useStream threadId",
  },
  "browser.v2.stop": { behaviour: "stop() ends the run, and the thread takes the next message", source: "@langchain/react stop" },
  "browser.v2.fork": { behaviour: "an edited message forks from the checkpoint before it", source: "@langchain/react useMessageMetadata, forkFrom" },
  "browser.v2.interrupt": { behaviour: "a question is shown, also after a reload, and respond() resumes the run", source: "@langchain/react respond" },
  "browser.v2.tools": { behaviour: "a tool call of createAgent is approved on the page and shown with its result", source: "@langchain/react toolCalls" },
  "browser.v2.subgraphs": { behaviour: "a graph inside a graph is found, with its state and its words", source: "@langchain/react subgraphs, useMessages" },
  "browser.v2.error": { behaviour: "why a run failed is shown beside what came before", source: "@langchain/react error" },

  "browser.socket.credential": {
    behaviour: "a page brings its token or key to a WebSocket as a protocol that is never answered or kept; pages that are not in CORS_ORIGINS get none",
    source: "sdk transport websocket webSocketFactory; issue 4",
  },

  // bad input
  "bad.ids": { behaviour: "ids that are no UUID are 400, unknown ones 404, on every route", source: "ours" },
  "bad.bodies": { behaviour: "malformed, too deep, too large and mistyped bodies are 4xx in words", source: "ours" },
  "bad.characters": { behaviour: "NUL and lone surrogates anywhere neither break nor lose a message", source: "ours; langgraph#370 of aegra" },
  "bad.last-event-id": { behaviour: "a junk Last-Event-ID is 400", source: "ours; deer-flow#4011" },
  "bad.reserved": { behaviour: "reserved keys of a client reach no graph", source: "ours" },
  "bad.checkpoint": { behaviour: "a run or an update at a checkpoint that is not there is 404 and hides nothing", source: "ours" },
  "bad.update": {
    behaviour: "an update of a subgraph that is not there is 404, an empty list of updates or a value that the state does not take 400; none changes anything",
    source: "ours; the fuzzer",
  },
  "bad.resume-nothing": { behaviour: "a resume with nothing pending is 409 nothing_to_resume and changes nothing", source: "ours" },
  "bad.resume-stale": { behaviour: "a resume by an id that is answered already is refused and changes nothing", source: "ours" },
  "bad.resume-twice": { behaviour: "of many concurrent resumes one runs", source: "ours" },
  "bad.resume-ambiguous": { behaviour: "one answer for two questions is 409 resume_ambiguous and both stay pending", source: "ours" },
  "bad.message-while-busy": { behaviour: "a message during a run is 409 and the run ends as if nothing had been sent", source: "ours" },
  "bad.concurrent-create": { behaviour: "of many runs sent at once to one thread one runs under reject", source: "ours" },
  "bad.no-leaks": { behaviour: "no error shows a stack, a file, a host or a connection string", source: "ours" },
} as const satisfies Record<string, Requirement>;

export type RequirementId = keyof typeof REQUIREMENTS;
