use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use clap::{Args as _, Command};

use super::environment::Environment;
use super::settings::{BackupsGroup, LogsGroup, PlacesGroup};
use super::*;

/// The configuration from these variables and the defaults.
fn with_variables(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let owned = variables.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let environment = Environment::read(owned)?;
    Config::from_values(&Values::merge([environment.values])?)
}

fn with(key: &str, text: &str) -> Result<Config, ConfigError> {
    with_variables(&[(&format!("GOLDSTAR_{}", key.to_uppercase()), text)])
}

/// Checks that a text is refused with the variable's name, the text and all of `rule`.
#[track_caller]
fn assert_refused(key: &str, text: &str, rule: &str) {
    let error = with(key, text).err().unwrap_or_else(|| panic!("{key} may be {text:?}"));
    let said = error.to_string();
    assert!(said.starts_with(&format!("GOLDSTAR_{} ", key.to_uppercase())), "{said}");
    assert!(said.contains(rule) && said.ends_with(&format!(", and is {text:?}")), "{said}");
}

#[test]
fn a_place_of_files_needs_a_restart() {
    let groups = [
        PlacesGroup::augment_args(Command::new("places")),
        LogsGroup::augment_args(Command::new("logs")),
        BackupsGroup::augment_args(Command::new("backups")),
    ];
    for key in groups.iter().flat_map(Command::get_arguments).map(|it| it.get_id().as_str()) {
        assert!(key == "server_log" || FIXED.contains(&key), "{key}");
    }
}

#[test]
fn the_defaults_keep_the_rules() {
    let config = Config::default();
    assert_eq!(config.listen, "127.0.0.1:5000");
    assert_eq!(config.storage.audit_log, audit_log::Settings::default());
    assert_eq!(config.http.limits.max_body_bytes, 64 << 10);
    assert!(config.service.signup_open && config.http.monitoring.is_open);
    assert!(config.http.named_events && !config.demo);
    assert!(config.http.public_origin.is_none() && config.http.monitoring.token.is_none());
    assert!(config.server_log.directory.is_none());
}

#[test]
fn a_family_and_an_address_are_limited_unless_it_is_a_demo() {
    let service = Config::default().service;
    let changes = service.changes;
    assert_eq!((changes.per_account, changes.per_address), (10_000, 50_000));
    let a_second = |count: u32| u64::from(count) / changes.window.as_secs();
    assert_eq!((a_second(changes.per_account), a_second(changes.per_address)), (50, 250));
    assert_eq!((service.signups.per_address, service.signups.window.as_secs()), (20, 3600));
    let family = service.family;
    assert_eq!((family.children, family.tasks, family.rewards), (100, 2000, 2000));
    assert_eq!((family.requests, family.sessions, family.display_bytes), (5000, 500, 16 << 10));

    let demo = with("demo", "true").unwrap().service;
    assert_eq!((demo.changes.per_account, demo.changes.per_address), (0, 0));
    assert_eq!(demo.family.children, 100);
}

fn bounds(setting: &Setting) -> (i64, i64) {
    let range = setting.range().unwrap();
    let (min, max) = range.split_once(" to ").unwrap();
    (min.parse().unwrap(), max.parse().unwrap())
}

#[test]
fn a_number_can_be_its_bounds_and_nothing_beyond() {
    for setting in SETTINGS.iter().filter(|setting| setting.kind == Kind::Number) {
        let (min, max) = bounds(setting);
        let rule = format!("must be a whole number from {min} to {max}");
        let fitting = match &*setting.key {
            "body_timeout" => ("GOLDSTAR_REQUEST_TIMEOUT", "3600"),
            _ => ("GOLDSTAR_BODY_TIMEOUT", "1"),
        };
        for number in [min, max] {
            with_variables(&[fitting, (&setting.variable(), &number.to_string())]).unwrap();
        }
        for number in [min - 1, max + 1] {
            assert_refused(&setting.key, &number.to_string(), &rule);
        }
        for text in ["ten", "1.5", "1e3", "99999999999999999999", "0x10", " 5"] {
            assert_refused(&setting.key, text, &rule);
        }
    }
}

#[test]
fn a_word_is_one_of_the_table() {
    for setting in SETTINGS.iter().filter(|setting| setting.kind == Kind::Text) {
        let Some(range) = setting.range() else { continue };
        for word in range.split(" or ") {
            with(&setting.key, word).unwrap();
        }
        assert_refused(&setting.key, "maybe", &format!("must be {range}"));
    }
    assert!(!with("signup", "closed").unwrap().service.signup_open);
    assert!(!with("monitoring", "protected").unwrap().http.monitoring.is_open);
    let json = with("server_log_format", "json").unwrap();
    assert_eq!(json.server_log.format, LogFormat::Json);
}

#[test]
fn a_switch_has_several_spellings() {
    for on in ["true", "yes", "on", "1", "TRUE", "Yes"] {
        assert!(with("demo", on).unwrap().demo, "{on}");
    }
    for off in ["false", "no", "off", "0", "False", "OFF"] {
        assert!(!with("named_events", off).unwrap().http.named_events, "{off}");
    }
    for setting in SETTINGS.iter() {
        if setting.kind == Kind::Switch {
            assert_refused(&setting.key, "perhaps", "must be true or false");
        }
    }
}

#[test]
fn texts_have_their_rules() {
    for (key, good, bad, rule) in [
        ("listen", "[::1]:0", "5000", "must be an address and a port"),
        ("listen", "localhost:80", "localhost:http", "must be an address and a port"),
        ("listen", "0.0.0.0:65535", "0.0.0.0:65536", "must be an address and a port"),
        ("listen", "[fe80::1%2]:80", "a b:5", "must be an address and a port"),
        ("listen", "goldstar_1:80", "::1:80", "must be an address and a port"),
        ("public_url", "https://[::1]", "https://[::g]", "must be an address such as https://"),
        ("public_url", "https://x.org:1", "https://x.org:0", "must be an address such as https://"),
        (
            "public_url",
            "https://x_y.org",
            "https://x_y!.org",
            "must be an address such as https://",
        ),
        ("public_url", "https://a.example", "a.example", "must be an address such as https://"),
        ("public_url", "http://a:8080/", "https://a/app", "without a path"),
        ("allowed_origins", "http://a, http://b", "http://a,b", "must be an address such as"),
        ("trusted_proxies", "10.0.0.0/8, ::1", "10.0.0.0/33", "must list addresses or networks"),
        ("trusted_proxies", "127.0.0.1", "localhost", "must list addresses or networks"),
        ("server_log", "warn", "wran", "must be error, warn"),
        ("server_log", "goldstar[request]=debug", "info,hyper=trace", "must be error, warn"),
        ("server_log", "off,goldstar::http=info", "goldstars=info", "must be error, warn"),
        ("server_log", "info,goldstar::http=debug", "info,goldstar=loud", "must be error, warn"),
    ] {
        with(key, good).unwrap_or_else(|error| panic!("{error}"));
        assert_refused(key, bad, rule);
    }
}

#[test]
fn a_list_takes_blanks_and_empty_items() {
    let config = with("trusted_proxies", " 127.0.0.1 ,, 10.0.0.0/8,").unwrap();
    let networks: Vec<_> = config.http.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["127.0.0.1/32", "10.0.0.0/8"]);
}

#[test]
fn a_token_is_neither_short_nor_shown() {
    for (token, is_good) in [
        ("0123456789abcdef", true),
        (&*"x".repeat(1024), true),
        ("0123456789abcde", false),
        (&*"x".repeat(1025), false),
        ("0123456789abcdef 0123456789abcdef", false),
        ("0123456789abcdefé", false),
    ] {
        match with("monitoring_token", token) {
            Ok(config) => {
                assert!(is_good, "{token}");
                assert_eq!(config.http.monitoring.token.as_ref().unwrap().reveal(), token);
                assert!(!format!("{config:?}").contains(token));
            }
            Err(error) => {
                assert!(!is_good, "{token}: {error}");
                let said = format!("{error} {error:?}");
                assert!(said.contains("GOLDSTAR_MONITORING_TOKEN must be 16 to 1024"), "{said}");
                assert!(!said.contains("0123456789") && !said.contains("xx"), "{said}");
            }
        }
    }
}

#[test]
fn a_variable_that_is_empty_is_not_set() {
    let names = SETTINGS.iter().map(Setting::variable);
    let names = names.chain(["GOLDSTAR_CONFIG".to_owned(), "GOLDSTAR_NEWS".to_owned()]);
    let empty = Environment::read(names.map(|name| (name.into(), OsString::new()))).unwrap();
    assert!(empty.values.is_empty() && empty.file.is_none() && empty.packaged.is_none());
}

#[test]
fn an_unknown_variable_is_named() {
    for name in [
        "GOLDSTAR_DATADIR",
        "GOLDSTAR_LISTEN_",
        "GOLDSTAR_listen",
        "GOLDSTAR_LISTEN_FILE",
        "GOLDSTAR_LISTEN_PORT",
        "GOLDSTAR_PORT_NUMBER",
        "GOLDSTAR_PORT_5000",
        "GOLDSTAR_PORT_5000_HTTP",
        "GOLDSTAR_PORT_HTTP_TCP",
        "GOLDSTAR_HOST",
        "GOLDSTAR_ENV",
        "GOLDSTAR_ENV_TZ",
        "GOLDSTAR_FIRST_NAME",
        "GOLDSTAR_ADMIN_FOO",
        "GOLDSTAR_ADMIN_PASSWORD",
    ] {
        let error = with_variables(&[(name, "x")]).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{name} is not a setting")), "{error}");
    }
    // A number as Kubernetes never sets it.
    let error = with_variables(&[("GOLDSTAR_PORT", "8080")]).unwrap_err();
    assert!(error.to_string().starts_with("GOLDSTAR_PORT is not a setting"), "{error}");
}

#[test]
fn variables_that_kubernetes_injects_are_ignored() {
    let url = "tcp://10.0.0.11:5000";
    with_variables(&[
        ("GOLDSTAR_SERVICE_HOST", "10.0.0.11"),
        ("GOLDSTAR_SERVICE_PORT", "5000"),
        ("GOLDSTAR_SERVICE_PORT_HTTP", "5000"),
        ("GOLDSTAR_PORT", url),
        ("GOLDSTAR_PORT_5000_TCP", url),
        ("GOLDSTAR_PORT_5000_TCP_PROTO", "tcp"),
        ("GOLDSTAR_PORT_5000_TCP_PORT", "5000"),
        ("GOLDSTAR_PORT_5000_TCP_ADDR", "10.0.0.11"),
        ("GOLDSTAR_METRICS_SERVICE_HOST", "10.0.0.12"),
        ("GOLDSTAR_METRICS_PORT", url),
        ("GOLDSTAR_METRICS_PORT_9090_UDP_ADDR", "10.0.0.12"),
        ("GOLDSTAR_ADMIN_EMAIL", "ada@example.org"),
        ("GOLDSTARS", "x"),
    ])
    .unwrap();
}

#[test]
fn no_setting_looks_like_what_kubernetes_injects() {
    for setting in SETTINGS.iter() {
        let variable = (setting.variable().into(), "x".into());
        let read = Environment::read([variable]).unwrap();
        assert_eq!(read.values.len(), 1, "{}", setting.key);
    }
}

#[test]
fn a_variable_that_is_not_utf8_is_named() {
    let value = OsString::from_vec(vec![0xff]);
    let error = Environment::read([("GOLDSTAR_DATA_DIR".into(), value.clone())]).err().unwrap();
    assert_eq!(error.to_string(), "GOLDSTAR_DATA_DIR is not UTF-8");
    let others = [("PATH".into(), value.clone()), (OsString::from_vec(vec![0xfe]), value)];
    assert!(Environment::read(others).is_ok());
}
