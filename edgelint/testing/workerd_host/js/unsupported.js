// A binding of a kind that has no fake: whatever is asked of it fails, and says why.
export default ({ why }) => {
  const refuse = () => {
    throw new Error(why);
  };
  // Whoever only looks (await, and process.env of Node, which writes every value of env as JSON) finds nothing.
  const looks = (key) => typeof key === "symbol" || key === "then" || key === "toJSON";
  return new Proxy({}, { get: (_, key) => (looks(key) ? undefined : refuse()) });
};
