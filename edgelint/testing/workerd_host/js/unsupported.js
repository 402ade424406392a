// A binding of a kind that has no fake: whatever is asked of it fails, and says why.
export default ({ why }) => {
  const refuse = () => {
    throw new Error(why);
  };
  return new Proxy({}, { get: (_, key) => (typeof key === "symbol" || key === "then" ? undefined : refuse()) });
};
