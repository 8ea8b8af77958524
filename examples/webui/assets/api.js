// Calls of attachment/httpapi.

export class Refused extends Error {}

// call sends a request about one attachment, and throws what the host says.
export async function call(method, id, action = "", body = undefined) {
  const path = `/api/v1/attachments/${encodeURIComponent(id)}${action && `/${action}`}`;
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new Refused("The host cannot be reached.");
  }
  if (response.ok) return;
  throw new Refused(words(await response.text(), response.status));
}

// words is what an answer that is no success says to a person.
export function words(text, status) {
  try {
    const answer = JSON.parse(text);
    const said = answer.results?.find((result) => result.status === "error")?.error ?? answer.message;
    if (said) return `${said[0].toUpperCase()}${said.slice(1)}.`;
  } catch {
    // not from the API: a proxy, perhaps
  }
  return `The host answered ${status}.`;
}
