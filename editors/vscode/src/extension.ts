// Starts `edgelint server` for a window and keeps it in step with the settings.

import { statSync } from "node:fs";
import { homedir } from "node:os";
import { commands, type ExtensionContext, window, workspace } from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

import { find, type Machine, NotThere, type Program } from "./find";

const SELECTOR = [
  ..."typescript typescriptreact javascript javascriptreact python vue svelte astro sql".split(" ").map((language) => ({
    scheme: "file",
    language,
  })),
  ...["**/wrangler.{json,jsonc,toml}", "**/package.json", "**/{edgelint,pyproject}.toml", "**/.dev.vars*"].map(
    (pattern) => ({ scheme: "file", pattern }),
  ),
];

const machine: Machine = {
  windows: process.platform === "win32",
  home: homedir(),
  searched: process.env["PATH"] ?? "",
  isFile(file: string): boolean {
    return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  },
};

const log = window.createOutputChannel("edgelint", { log: true });
let client: LanguageClient | undefined;
/** What is being started or stopped: one thing after another. */
let turn: Promise<void> = Promise.resolve();

export async function activate(context: ExtensionContext): Promise<void> {
  context.subscriptions.push(
    log,
    commands.registerCommand("edgelint.restart", restart),
    commands.registerCommand("edgelint.showLog", () => log.show()),
    workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("edgelint.enable") || event.affectsConfiguration("edgelint.path")) {
        void restart();
      }
    }),
  );
  await restart();
}

export async function deactivate(): Promise<void> {
  await inTurn(stop);
}

async function restart(): Promise<void> {
  await inTurn(async () => {
    await stop();
    await start();
  });
}

function inTurn(work: () => Promise<void>): Promise<void> {
  turn = turn.then(work, work);
  return turn;
}

async function start(): Promise<void> {
  const settings = workspace.getConfiguration("edgelint");
  if (!settings.get<boolean>("enable", true)) {
    log.info("edgelint.enable is off");
    return;
  }
  const folders = (workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === "file")
    .map((folder) => folder.uri.fsPath);
  let program: Program;
  try {
    program = find(settings.get<string>("path", ""), folders, machine);
  } catch (error) {
    if (error instanceof NotThere) {
      void window.showErrorMessage(error.message);
      return;
    }
    throw error;
  }
  log.info(`${program.command} ${program.args.join(" ")} (${program.found})`);
  const folder = folders[0];
  const server: ServerOptions = {
    command: program.command,
    args: [...program.args],
    ...(folder === undefined ? {} : { options: { cwd: folder } }),
  };
  const options: LanguageClientOptions = { documentSelector: SELECTOR, outputChannel: log };
  const made = new LanguageClient("edgelint", "edgelint", server, options);
  try {
    await made.start();
    client = made;
  } catch (error) {
    log.error(`${program.command} does not start: ${String(error)}`);
    const install = 'edgelint does not start. Is it installed with its language server? pip install "edgelint[lsp]"';
    if ((await window.showErrorMessage(install, "Show Log")) !== undefined) {
      log.show();
    }
  }
}

async function stop(): Promise<void> {
  const old = client;
  client = undefined;
  if (old !== undefined) {
    await old.dispose();
  }
}
