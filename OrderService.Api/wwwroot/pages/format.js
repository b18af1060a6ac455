// Amounts, times and names as people read them.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const whole = new Intl.NumberFormat();

/** An amount in its currency. */
export function money(amount, currency) {
  return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
}

/** A whole number. */
export function count(number) {
  return whole.format(number);
}

/** So many of something: 1 order, 2 orders. */
export function many(number, one, more = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : more}`;
}

/** A time of today to the second, and with its day if it is of another. */
export function time(instant) {
  const then = new Date(instant);
  return then.toDateString() === new Date().toDateString() ? clock.format(then) : day.format(then);
}

/** How long something takes. */
export function duration(seconds) {
  if (seconds < 10) {
    return `${seconds.toFixed(seconds === 0 ? 0 : 1)} s`;
  }

  const rounded = Math.round(seconds);
  return rounded < 120 ? `${rounded} s` : rounded < 7200 ? `${Math.round(rounded / 60)} min` : `${Math.round(rounded / 3600)} h`;
}

/** The part of an event's type that tells it from the others: "placed" of "io.cloudforge.order.placed.v1". */
export function shortType(type) {
  return type?.match(/^io\.cloudforge\.(.+)\.v\d+$/)?.[1] ?? type ?? "no type";
}

/** A UUID. Outside of secure contexts a browser makes none by itself. */
export function newId() {
  if (crypto.randomUUID) {
    return crypto.randomUUID();
  }

  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Whether a text is a UUID. */
export function isId(text) {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
