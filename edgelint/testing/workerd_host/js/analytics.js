// A dataset of Analytics Engine is the runtime's own, which refuses wrong types. What is too large it refuses only behind
// the app's back, other than production: that is done here. It sends 20 numbers, whatever it was given, and no blob that
// is null: how many there were is said in the last number, as a multiple of the least there is
// (protocols/analytics_engine.py), unless 20 numbers were given.
const LEAST = Number.MIN_VALUE;
const encoder = new TextEncoder();

function size(value) {
  if (value === null || value === undefined) return 0;
  return value instanceof ArrayBuffer ? value.byteLength : encoder.encode(String(value)).byteLength;
}

function check(fits, reason) {
  if (!fits) throw new TypeError(`writeDataPoint(): ${reason}`);
}

class AnalyticsEngine {
  #dataset;
  #limits;
  constructor(dataset, limits) {
    this.#dataset = dataset;
    this.#limits = limits;
  }

  writeDataPoint(event = {}) {
    this.#dataset.writeDataPoint(this.#counted(event));
  }

  #counted(event) {
    if (typeof event !== "object" || event === null) return event;
    const { doubles = [], blobs = [], indexes = [] } = event;
    if (![doubles, blobs, indexes].every(Array.isArray)) return event; // the runtime says why not
    const most = this.#limits;
    check(indexes.length <= most.indexes, `Maximum of ${most.indexes} indexes supported.`);
    check(size(indexes[0]) <= most.index, `Size of indexes[0] exceeds ${most.index} bytes).`);
    check(blobs.length <= most.blobs, `Maximum of ${most.blobs} blobs supported.`);
    const total = blobs.reduce((sum, blob) => sum + size(blob), 0);
    check(total <= most.blobBytes, `Cumulative size of blobs exceeds ${most.blobBytes} bytes).`);
    check(doubles.length <= most.doubles, `Maximum of ${most.doubles} doubles supported.`);
    if (doubles.length === most.doubles) return event;
    const numbers = [...doubles, ...new Array(most.doubles - 1 - doubles.length).fill(0)];
    numbers.push((1 + doubles.length + 32 * (blobs.length + 32 * indexes.length)) * LEAST);
    return { indexes, blobs, doubles: numbers };
  }
}

export default ({ dataset, limits }) => new AnalyticsEngine(dataset, limits);
