# The worker of this folder with SQLite storage. The socket's port and the folder of the files are given on the command line.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      compatibilityDate = "2026-06-01",
      modules = [(name = "oracle.js", esModule = embed "oracle.js")],
      durableObjectNamespaces = [(className = "Store", uniqueKey = "app-Store", enableSql = true)],
      durableObjectStorage = (localDisk = "storage"),
      bindings = [(name = "STORE", durableObjectNamespace = "Store")],
    )),
    (name = "storage", disk = (writable = true)),
  ],
  sockets = [(name = "http", http = (), service = "main")],
);
