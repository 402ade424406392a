# A worker that evaluates what it is sent: the JavaScript side of the table of probes.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "probes.js")],
  compatibilityDate = "2026-04-01",
  compatibilityFlags = ["unsafe_module"],
  bindings = [(name = "UNSAFE", unsafeEval = void)],
);
