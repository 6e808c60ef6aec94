//! Who owns files: what root makes belongs to the owner of the folder, and errors about permissions
//! name the users.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::Path;

use rustix::fs::OFlags;
use rustix::process::geteuid;

use super::attributes::copy_owner;
use super::tolerance::{OWNERS, OWNERS_OF_NEW_FILES};

const ROOT: u32 = 0;

/// Gives a file that was just made to the owner of its folder, if this process is root's and the folder
/// isn't: a command that root runs in a server's directory must leave nothing that the server can't
/// open.
pub fn give_to_owner_of(folder: &Path, made: &File) {
    OWNERS_OF_NEW_FILES.allow(folder, give(folder, made));
}

fn give(folder: &Path, made: &File) -> io::Result<()> {
    if made.metadata()?.uid() != ROOT {
        return Ok(());
    }
    let folder = fs::metadata(or_here(folder))?;
    if folder.uid() == ROOT {
        return Ok(());
    }
    fchown(made, Some(folder.uid()), Some(folder.gid()))
}

/// The same for a folder that was just made.
pub(super) fn give_folder_to_owner_of(parent: &Path, made: &Path) {
    // Not by its name: whoever may write to the parent could have put a link there meanwhile.
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(made);
    OWNERS_OF_NEW_FILES.allow(parent, opened.and_then(|made| give(parent, &made)));
}

/// Gives a folder the owner and the group of another, as far as this process may.
pub fn copy_folder_owner(like: &Path, folder: &Path) {
    let given = fs::metadata(like).and_then(|like| copy_owner(&like, folder));
    OWNERS.allow(folder, given);
}

fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// An error about a file of `folder`, or the folder itself. If the system has denied permission, its
/// text says to which user, and what to do.
pub fn with_permission_advice(folder: &Path, path: &Path, error: io::Error) -> io::Error {
    if error.kind() != ErrorKind::PermissionDenied {
        return error;
    }
    let advice = advice(or_here(folder), or_here(path));
    io::Error::new(ErrorKind::PermissionDenied, format!("{error}. {advice}"))
}

fn advice(folder: &Path, path: &Path) -> String {
    let own = geteuid().as_raw();
    let user = described(own);
    if own == ROOT {
        return format!(
            "Goldstar runs as {user}, and is refused all the same: the file system or an attribute of \
             the file forbids it (see `mount` and `lsattr`)"
        );
    }
    let (name, shown) = (name_of(own).unwrap_or_else(|| own.to_string()), folder.display());
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return format!(
                "Goldstar runs as {user}, who may not make it: run `install -d -m 700 -o {name} {shown}` \
                 as root"
            );
        }
        Err(_) => {
            return format!(
                "Goldstar runs as {user}, who may not enter a folder above {shown}: allow that user to \
                 enter each of them (`chmod a+x FOLDER`)"
            );
        }
        Ok(_) => {}
    }
    let below = path.ancestors().take_while(|place| place.starts_with(folder));
    let mut found = below.filter_map(|place| Some((place, fs::symlink_metadata(place).ok()?)));
    match found.find(|(_, metadata)| metadata.uid() != own) {
        Some((place, metadata)) => format!(
            "Goldstar runs as {user}, and {} belongs to {}: run `chown -R {name} {shown}` as root",
            place.display(),
            described(metadata.uid())
        ),
        None => format!(
            "Goldstar runs as {user}, to whom the files belong, but their modes forbid it: run `chmod \
             -R u+rwX {shown}`"
        ),
    }
}

fn described(user: u32) -> String {
    name_of(user).map_or_else(|| format!("uid {user}"), |name| format!("{name} (uid {user})"))
}

/// None for a user that only a directory service knows.
fn name_of(user: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number == user.to_string()).then(|| name.to_owned())
    })
}
