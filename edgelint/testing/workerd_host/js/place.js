// Where a call of the app stands, for the world to tell (places.py): the frames above whoever asks.
export const PLACE = "x-edgelint-place";

/** The stack as a header's value; "" where there is none to be had. */
export function here() {
  try {
    const at = {};
    Error.captureStackTrace(at, here);
    return encodeURIComponent(at.stack);
  } catch {
    return ""; // a program may have its own ideas of stacks
  }
}
