// Which edgelint to run. Nothing of the editor is known here: what the machine has is asked through `Machine`.

import * as path from "node:path";

/** What is asked of the machine. */
export interface Machine {
  readonly windows: boolean;
  readonly home: string;
  /** The value of PATH. */
  readonly searched: string;
  isFile(file: string): boolean;
}

/** A program and its arguments; `found` says where it came from, for the log. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly found: string;
}

/** A setting that names no file: said to the user, never passed over. */
export class NotThere extends Error {}

/** Folders below a workspace folder that may hold its Python environment. */
const ENVIRONMENTS = [".venv", "venv"];

/** The edgelint of a workspace. Throws `NotThere` when the setting names none. */
export function find(setting: string, folders: readonly string[], machine: Machine): Program {
  const paths = machine.windows ? path.win32 : path.posix;
  const chosen = setting.trim();
  if (chosen !== "") {
    const command = written(chosen, folders[0] ?? machine.home, machine);
    if (!machine.isFile(command)) {
      throw new NotThere(`edgelint.path is ${command}, and there is no such file`);
    }
    return { command, args: ["server"], found: "the setting edgelint.path" };
  }
  const program = machine.windows ? "edgelint.exe" : "edgelint";
  const programs = machine.windows ? "Scripts" : "bin";
  for (const folder of folders) {
    for (const environment of ENVIRONMENTS) {
      const command = paths.join(folder, environment, programs, program);
      if (machine.isFile(command)) {
        return { command, args: ["server"], found: paths.join(folder, environment) };
      }
    }
  }
  const installed = onPath(program, machine);
  if (installed !== undefined) {
    return { command: installed, args: ["server"], found: "PATH" };
  }
  const pythons = machine.windows ? ["python.exe", "py.exe"] : ["python3", "python"];
  const python = pythons.map((name) => onPath(name, machine)).find((file) => file !== undefined);
  return { command: python ?? "python", args: ["-m", "edgelint", "server"], found: "python -m edgelint" };
}

/** The path that a setting means. */
function written(setting: string, folder: string, machine: Machine): string {
  const paths = machine.windows ? path.win32 : path.posix;
  const replaced = setting.replaceAll("${workspaceFolder}", folder).replace(/^~(?=$|[\\/])/, machine.home);
  return paths.resolve(folder, replaced);
}

/** The first file of this name on PATH. */
function onPath(name: string, machine: Machine): string | undefined {
  const paths = machine.windows ? path.win32 : path.posix;
  return machine.searched
    .split(paths.delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => paths.join(folder, name))
    .find((file) => machine.isFile(file));
}
