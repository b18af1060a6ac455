// Asks the API, on behalf of whom the page says, and follows its streams.

const Prefix = "urn:cloudforge:problem:";

let identity = {};

/** Whom requests are from, as headers. */
export function identify(headers) {
  identity = headers;
}

/** What the API refused, or that it does not answer. */
export class Problem extends Error {
  constructor(status, name, details = {}, retryAfter = null) {
    super(details.detail ?? "The service does not answer.");
    this.status = status;
    this.name = name;
    this.details = details;
    this.retryAfter = retryAfter === null ? null : Number(retryAfter);
  }
}

async function send(method, path, { body, headers, signal } = {}) {
  try {
    return await fetch(path, {
      method,
      headers: { ...identity, ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      signal,
    });
  } catch (failure) {
    throw signal?.aborted ? failure : new Problem(0, "unreachable");
  }
}

async function problemOf(response) {
  let details = {};
  try {
    details = JSON.parse(await response.text());
  } catch {
    // Whoever stands between the service and the page has other words for it.
  }

  const name = details.type?.startsWith(Prefix) ? details.type.slice(Prefix.length) : "unknown";
  return new Problem(response.status, name, { detail: `The service answered ${response.status}.`, ...details }, response.headers.get("Retry-After"));
}

/** Asks, and returns what the answer's body says. */
export async function ask(method, path, options) {
  const response = await send(method, path, options);
  if (!response.ok) {
    throw await problemOf(response);
  }

  return response.status === 204 ? null : response.json();
}

const wait = (milliseconds, signal) => new Promise(resolve => {
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
});

/**
 * Follows server-sent events until the signal or the server's 204 ends it; a stream that breaks off goes on after the last event. A
 * browser's own EventSource can't say who asks.
 */
export async function follow(path, onEvent, signal, onState = () => {}) {
  let last = "";
  let pause = 500;
  while (!signal.aborted) {
    try {
      const response = await send("GET", path, {
        headers: { Accept: "text/event-stream", ...(last === "" ? {} : { "Last-Event-ID": last }) }, signal,
      });
      if (response.status === 204) {
        return;
      }

      if (!response.ok) {
        throw await problemOf(response);
      }

      onState(true);
      pause = 500;
      for await (const event of eventsOf(response.body)) {
        last = event.id || last;
        onEvent(JSON.parse(event.data));
      }
    } catch (failure) {
      if (signal.aborted) {
        return;
      }

      if (failure instanceof Problem && [401, 403, 404].includes(failure.status)) {
        throw failure;
      }
    }

    onState(false);
    await wait(pause, signal);
    pause = Math.min(pause * 2, 10_000);
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = { id: "", data: "" };
  while (true) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }

    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("id:")) {
        event.id = line.slice(3).trim();
      } else if (line.startsWith("data:")) {
        event.data += line.slice(5).trim();
      } else if (line === "" && event.data !== "") {
        yield event;
        event = { id: "", data: "" };
      }
    }
  }
}
