// node:timers in place of the runtime's own, which took the real clock's functions before anything else ran.
import process from "node:process";
import { setImmediate, Timeout, timers } from "edgelint/prelude.js";
import promises from "node:timers/promises";

const real = process.getBuiltinModule("node:timers");
export const { setTimeout, setInterval, clearTimeout, clearInterval } = timers(true);
export const { clearImmediate, active, enroll, unenroll } = real;
export { promises, setImmediate, Timeout };
export default { ...real, promises, setImmediate, setTimeout, setInterval, clearTimeout, clearInterval };
