//! Access control lists and extended attributes of files that are replaced.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{XattrFlags, getxattr, setxattr};

use super::system::client_of;
use crate::harness::{Folders, Parent, Process, TestServer, forbidden};

const NOTE: &str = "user.note";
const LIST: &str = "system.posix_acl_access";
const LIST_OF_NEW_FILES: &str = "system.posix_acl_default";

/// A list in the kernel's form: a version, and for each entry a tag, the permissions and an id.
fn list(entries: &[(u16, u16, u32)]) -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, allowed, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(allowed.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// The owner may read and write, one other user may read, and nobody else may do anything.
fn one_reader() -> Vec<u8> {
    const NO_ID: u32 = u32::MAX;
    list(&[(1, 6, NO_ID), (2, 4, 54_321), (4, 0, NO_ID), (16, 4, NO_ID), (32, 0, NO_ID)])
}

fn value(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 4096];
    let len = getxattr(path, name, &mut bytes[..]).ok()?;
    Some(bytes[..len].to_vec())
}

#[tokio::test]
async fn a_replaced_file_keeps_its_access_list_and_its_attributes() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let (users, sessions) = (folders.data_file("users.json"), folders.data_file("sessions.json"));
    fs::write(&sessions, "{\"_default\": {}}").unwrap();
    fs::set_permissions(&sessions, fs::Permissions::from_mode(0o660)).unwrap();
    let flags = XattrFlags::empty();
    let set = setxattr(&users, NOTE, b"the first", flags)
        .and_then(|()| setxattr(&users, LIST, &one_reader(), flags))
        // New files inherit a list from their folder. A replaced file without a list must not get
        // one.
        .and_then(|()| setxattr(folders.data(), LIST_OF_NEW_FILES, &one_reader(), flags));
    if set.is_err() {
        forbidden("a test of access control lists: the file system has none");
        return;
    }
    let (before, mode) = (fs::read(&users).unwrap(), fs::metadata(&users).unwrap().mode());
    let process = Process::start(&folders, &[]).unwrap_or_else(|output| panic!("{output:?}"));
    Parent::sign_up(client_of(&process)).await;
    assert!(process.stop("TERM").success());
    assert_ne!(fs::read(&users).unwrap(), before, "it was not replaced");
    assert_eq!(value(&users, NOTE).as_deref(), Some(&b"the first"[..]));
    assert_eq!(value(&users, LIST), Some(one_reader()));
    assert_eq!(fs::metadata(&users).unwrap().mode(), mode);
    assert_eq!(value(&sessions, LIST), None);
    assert_eq!(fs::metadata(&sessions).unwrap().mode() & 0o777, 0o660);
}
