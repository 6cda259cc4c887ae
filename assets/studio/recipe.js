// A look as a link: everything but the song's own bytes, in the part of the address that is never sent to a server.

const KEY = "recipe";
const KEPT = ["track", "theme", "parameters", "speed", "start_ms", "length_ms"];

export function recipeLink(look) {
  const kept = Object.fromEntries(KEPT.filter((key) => look[key] !== undefined).map((key) => [key, look[key]]));
  const bytes = new TextEncoder().encode(JSON.stringify(kept));
  const text = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return `${location.origin}${location.pathname}#${KEY}=${text}`;
}

/** The look the page's address names, checked for its shape alone; `null` when it names none. */
export function recipeOf(hash) {
  const text = new URLSearchParams(hash.slice(1)).get(KEY);
  if (!text) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const look = JSON.parse(new TextDecoder().decode(bytes));
    const fits = {
      track: (value) => typeof value === "string",
      theme: (value) => typeof value === "string",
      speed: (value) => typeof value === "string",
      parameters: (value) => typeof value === "object" && value !== null,
      start_ms: Number.isFinite,
      length_ms: Number.isFinite,
    };
    return Object.fromEntries(KEPT.filter((key) => key in look && fits[key](look[key])).map((key) => [key, look[key]]));
  } catch {
    return null;
  }
}
