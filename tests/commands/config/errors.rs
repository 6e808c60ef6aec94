//! Settings that are errors.

use std::fs;

use super::{TOKEN, assert_set, config, folder_with, refusal, run};

#[test]
fn a_secret_that_is_wrong_is_refused_without_being_shown() {
    let folder = folder_with("token", "0123456789abcdef-secret and more");
    fs::write(folder.path().join("empty"), "\n").unwrap();
    let refused = |flags: &[&str], variables: &[(&str, &str)], text: &str| {
        fs::write(folder.path().join("goldstar.toml"), text).unwrap();
        refusal(folder.path(), flags, variables)
    };
    let (token, file) = ("GOLDSTAR_MONITORING_TOKEN", "GOLDSTAR_MONITORING_TOKEN_FILE");
    let short = refused(&[], &[(token, "sesame")], "");
    assert!(short.contains("GOLDSTAR_MONITORING_TOKEN must be 16 to 1024"), "{short}");
    assert!(!short.contains("sesame"), "{short}");
    let flag = refused(&["--monitoring-token-file=token"], &[], "");
    assert!(flag.contains("token, which --monitoring-token-file names, must be 16"), "{flag}");
    let empty = refused(&[], &[(file, "empty")], "");
    assert!(empty.contains("empty, which GOLDSTAR_MONITORING_TOKEN_FILE names,"), "{empty}");
    let missing = refused(&[], &[], "monitoring_token_file = \"nowhere\"");
    let named = "nowhere, which `monitoring_token_file` in goldstar.toml names, can't be read";
    assert!(missing.contains(named), "{missing}");
    let twice = refused(&[], &[(token, TOKEN), (file, "token")], "");
    assert!(twice.contains(token) && twice.contains(file), "{twice}");
    let both = "monitoring_token = \"0123456789abcdef-secret\"\nmonitoring_token_file = \"token\"";
    let twice = refused(&[], &[], both);
    assert!(
        twice.contains("`monitoring_token` in goldstar.toml and `monitoring_token_file` in"),
        "{twice}"
    );
    let number = refused(&[], &[], "monitoring_token = 12345678901234567");
    assert!(number.contains("`monitoring_token` in goldstar.toml must be a string"), "{number}");
    assert!(!number.contains("12345678"), "{number}");
    // The secret itself has no flag.
    let flag = format!("--monitoring-token={TOKEN}");
    let code = run(folder.path(), &["config", &flag], &[]).status.code();
    assert_eq!(code, Some(2));
}

#[test]
fn a_bad_value_is_named_with_its_place_and_its_rule() {
    let folder = folder_with("goldstar.toml", "");
    let rule = "must be a whole number from 1 to 3600, and is \"0\"";
    let said = refusal(folder.path(), &["--head-timeout=0"], &[]);
    assert_eq!(said, format!("goldstar: --head-timeout {rule}\n"));
    let said = refusal(folder.path(), &[], &[("GOLDSTAR_HEAD_TIMEOUT", "0")]);
    assert_eq!(said, format!("goldstar: GOLDSTAR_HEAD_TIMEOUT {rule}\n"));
    fs::write(folder.path().join("goldstar.toml"), "head_timeout = 0").unwrap();
    let said = refusal(folder.path(), &[], &[]);
    assert_eq!(said, format!("goldstar: `head_timeout` in goldstar.toml {rule}\n"));
    for (flag, said) in [("--listen=", "must not be empty"), ("--data-dir=", "must not be empty")] {
        assert!(refusal(folder.path(), &[flag, "--head-timeout=1"], &[]).contains(said));
    }
}

#[test]
fn the_body_timeout_must_be_below_the_request_timeout() {
    let folder = folder_with("goldstar.toml", "body_timeout = 20");
    let variable = ("GOLDSTAR_REQUEST_TIMEOUT", "20");
    let said = refusal(folder.path(), &[], &[variable]);
    let rule = "must be above `body_timeout` in goldstar.toml, which is \"20\", and is \"20\"";
    assert_eq!(said, format!("goldstar: GOLDSTAR_REQUEST_TIMEOUT {rule}\n"));
    let said = refusal(folder.path(), &["--body-timeout=61"], &[]);
    let rule = "must be above --body-timeout, which is \"61\", and is \"60\"";
    assert_eq!(said, format!("goldstar: the default of `request_timeout` {rule}\n"));
    config(folder.path(), &["--body-timeout=19"], &[variable]);
}

#[test]
fn an_unknown_setting_is_named() {
    let folder = folder_with("goldstar.toml", "data_dri = \"0123456789abcdef-secret\"");
    let said = refusal(folder.path(), &[], &[]);
    assert!(said.contains("`data_dri` in goldstar.toml is not a setting"), "{said}");
    fs::write(folder.path().join("goldstar.toml"), "[http]\nlisten = \"x\"").unwrap();
    let said = refusal(folder.path(), &[], &[]);
    assert!(said.contains("`http` in goldstar.toml is not a setting"), "{said}");
    let empty = tempfile::tempdir().unwrap();
    let said = refusal(empty.path(), &[], &[("GOLDSTAR_DATADIR", TOKEN)]);
    assert!(said.contains("GOLDSTAR_DATADIR is not a setting"), "{said}");
    let injected = [("GOLDSTAR_SERVICE_HOST", "10.0.0.1"), ("GOLDSTAR_ADMIN_EMAIL", "a@b.c")];
    config(empty.path(), &[], &injected);
}

#[test]
fn a_value_of_another_type_is_named() {
    for (text, said) in [
        ("listen = 5000", "`listen` in goldstar.toml must be a string"),
        ("signup = true", "`signup` in goldstar.toml must be a string"),
        ("login_window = \"600\"", "`login_window` in goldstar.toml must be a whole number"),
        ("login_window = 1.5", "`login_window` in goldstar.toml must be a whole number"),
        ("demo = 1", "`demo` in goldstar.toml must be true or false"),
        ("demo = \"yes\"", "`demo` in goldstar.toml must be true or false"),
        ("trusted_proxies = \"::1\"", "`trusted_proxies` in goldstar.toml must be an array of"),
        ("trusted_proxies = [1]", "`trusted_proxies` in goldstar.toml must be an array of"),
        ("allowed_origins = [\"http://a,http://b\"]", "each without a comma"),
        ("monitoring_token_file = 1", "`monitoring_token_file` in goldstar.toml must be a string"),
    ] {
        let folder = folder_with("goldstar.toml", text);
        let refused = refusal(folder.path(), &[], &[]);
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn invalid_toml_is_reported_with_its_line() {
    for broken in [
        "monitoring_token = 0123456789abcdef-secret",
        "monitoring_token = \"0123456789abcdef-secret",
        "monitoring_token = '0123456789abcdef-secret\"",
        "monitoring_token \"0123456789abcdef-secret\"",
        "monitoring_token = \"\\0123456789abcdef-secret\"",
        "0123456789abcdef-secret",
        "monitoring_token = \"0123456789abcdef-secret\" 0123456789abcdef-secret",
        "demo = true\nmonitoring_token = [ 0123456789abcdef-secret",
        "[0123456789abcdef-secret",
        "demo = \"é",
    ] {
        let folder = folder_with("goldstar.toml", &format!("# a comment: é\n{broken}\n"));
        let said = refusal(folder.path(), &[], &[]);
        let line = if broken.starts_with("demo = true") { 3 } else { 2 };
        assert!(said.starts_with(&format!("goldstar: goldstar.toml, line {line}: ")), "{said}");
        assert!(!said.contains("secret"), "{said}");
    }
    let folder = folder_with("goldstar.toml", "demo = true\ndemo = false\n");
    let said = refusal(folder.path(), &[], &[]);
    assert!(said.contains("goldstar.toml, line 2: duplicate key"), "{said}");
}

#[test]
fn a_named_file_must_exist() {
    let folder = folder_with("mine.toml", "login_window = 7");
    for (flags, variables) in
        [(&["--config=gone.toml"][..], &[][..]), (&[], &[("GOLDSTAR_CONFIG", "gone.toml")])]
    {
        let said = refusal(folder.path(), flags, variables);
        assert!(said.contains("gone.toml can't be read"), "{said}");
    }
    fs::create_dir(folder.path().join("directory")).unwrap();
    let said = refusal(folder.path(), &["--config=directory"], &[]);
    assert!(said.contains("directory can't be read"), "{said}");
    let line = "login_window = 7";
    let variable = [("GOLDSTAR_CONFIG", "mine.toml")];
    let printed = config(folder.path(), &[], &variable);
    assert_set(&printed, "login_window", line, "mine.toml");
    // The flag takes precedence, and the usual file is not read.
    fs::write(folder.path().join("goldstar.toml"), "no toml").unwrap();
    fs::write(folder.path().join("other.toml"), "login_window = 8").unwrap();
    let printed = config(folder.path(), &["--config", "other.toml"], &variable);
    assert_set(&printed, "login_window", "login_window = 8", "other.toml");
}
