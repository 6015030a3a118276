//! `dunlin completions`

use std::process::Command;

use crate::shop::Shop;

#[test]
fn the_script_of_each_shell_knows_the_commands() {
    let shop = Shop::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = shop.dunlin(&["completions", shell]).success().stdout;
        for word in ["status", "baseline", "lock-wait"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn bash_completes_commands_and_options_with_it() {
    let shop = Shop::new();
    shop.project.write("dunlin.bash", shop.dunlin(&["completions", "bash"]).success().stdout);
    let complete = |words: &str| {
        let script = format!(
            "source dunlin.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _dunlin dunlin \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let output =
            Command::new("bash").args(["-c", &script]).current_dir(shop.project.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("dunlin sta"), "status");
    assert_eq!(complete("dunlin up --st"), "--steps");
    assert_eq!(complete("dunlin completions fi"), "fish");
}
