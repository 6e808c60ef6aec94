//! A deleted account is not restored by a salvage, whatever old files exist.

use std::fs;
use std::sync::Arc;

use goldstar::disk::{Disk, RealDisk};
use goldstar::repair::salvage::salvage;
use goldstar::store::json::Progress;
use goldstar::store::{Change, Store};

use crate::contract::user;
use crate::harness::{Folder, give_point, give_point_of, put};

const LEAVER: &str = "leaver-5f1a";
const EMAIL: &str = "canary@example.org";

#[tokio::test]
async fn a_deleted_account_is_not_restored() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    put(&store, [Change::PutUser(user(LEAVER, EMAIL))]).await.unwrap();
    for _ in 0..3 {
        give_point_of(&store, LEAVER, "c").await.unwrap();
        give_point(&store, "a").await.unwrap();
    }
    store.close().await.unwrap();
    let files = ["users.json", "children.json", "tracking_events.json"];
    let old = files.map(|file| (file, folder.read(file)));

    let store = folder.open().unwrap();
    put(&store, [Change::RemoveChild("c".into())]).await.unwrap();
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 3);
    put(&store, [Change::RemoveUser(LEAVER.into())]).await.unwrap();
    // Another program writes back everything that it had in memory, and adds rows; or the disk
    // damages the file.
    for damage in ["as it was", "cut", "another row"] {
        let killed = folder.killed();
        for (file, bytes) in &old {
            let mut bytes = bytes.clone();
            match damage {
                "cut" if *file != "users.json" => bytes.truncate(bytes.len() - 3),
                "another row" if *file == "children.json" => {
                    let text = String::from_utf8(bytes).unwrap();
                    let row = r#", "9": {"id": "late", "user_id": "leaver-5f1a", "points": 0}}}"#;
                    bytes = [text.strip_suffix("}}").unwrap(), row].concat().into_bytes();
                }
                _ => {}
            }
            fs::write(killed.file(file), bytes).unwrap();
        }
        let to = killed.path.with_file_name("new");
        let disk: Arc<dyn Disk> = Arc::new(RealDisk);
        let report = salvage(&disk, &killed.path, &to, &Progress::silent()).unwrap();
        for name in RealDisk.file_names(&to).unwrap() {
            let text = fs::read_to_string(to.join(&name)).unwrap();
            let is_left = text.contains(LEAVER) || text.contains(EMAIL);
            assert!(!is_left, "{damage}: {name}: {text} {report:?}");
        }
        let events = fs::read_to_string(to.join("tracking_events.json")).unwrap();
        assert_eq!(events.matches("\"child_id\": \"c\"").count(), 3, "{damage}: {events}");
    }
    store.close().await.unwrap();
}
