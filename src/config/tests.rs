use super::*;

#[test]
fn the_defaults_keep_the_rules() {
    let config = Config::default();
    assert_eq!(config.listen, "127.0.0.1:5000");
    assert_eq!(config.storage.audit_log, audit_log::Settings::default());
    assert_eq!(config.http.limits.max_body_bytes, 64 << 10);
    assert!(config.service.signup_open && config.http.monitoring.is_open);
}
