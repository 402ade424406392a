//! Starts `edgelint server`: the one that the settings name, else the project's own, else the one on PATH.

use zed_extension_api::{self as zed, settings::LspSettings, Command, LanguageServerId, Result, Worktree};

struct Edgelint;

impl zed::Extension for Edgelint {
    fn new() -> Self {
        Edgelint
    }

    fn language_server_command(&mut self, id: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = LspSettings::for_worktree(id.as_ref(), worktree)?.binary;
        let (path, arguments) = binary.map_or((None, None), |given| (given.path, given.arguments));
        let command = path
            .or_else(|| environment(worktree))
            .or_else(|| worktree.which("edgelint"))
            .ok_or("edgelint is not installed: pip install \"edgelint[lsp]\"")?;
        Ok(Command {
            command,
            args: arguments.unwrap_or_else(|| vec!["server".to_string()]),
            env: worktree.shell_env(),
        })
    }
}

/// The edgelint of the project's virtual environment. An extension sees only the texts of a worktree, so the file that
/// every environment has tells whether there is one.
fn environment(worktree: &Worktree) -> Option<String> {
    let (os, _) = zed::current_platform();
    let program = match os {
        zed::Os::Windows => "Scripts/edgelint.exe",
        _ => "bin/edgelint",
    };
    [".venv", "venv"]
        .iter()
        .find(|folder| worktree.read_text_file(&format!("{folder}/pyvenv.cfg")).is_ok())
        .map(|folder| format!("{}/{folder}/{program}", worktree.root_path()))
}

zed::register_extension!(Edgelint);
