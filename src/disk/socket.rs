//! The Unix socket through which commands reach the server of a data directory.

use std::env;
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use sha2::{Digest, Sha256};

use super::Identity;
use super::owner::give_socket_to_owner_of;

/// The name of the socket in a data directory.
pub const SOCKET: &str = "goldstar.sock";
/// Its name before it has its mode.
pub const NEW_SOCKET: &str = ".goldstar.sock.new";
/// The directory for sockets of services, if the environment names none.
const RUN: &str = "/run/goldstar";
const ROOT: u32 = 0;

/// A socket that accepts connections. Its file is removed on drop.
#[derive(Debug)]
pub struct CommandSocket {
    listener: Option<UnixListener>,
    path: PathBuf,
    identity: Identity,
}

impl CommandSocket {
    /// Creates the socket in the data directory, which this process has locked, or else in the runtime
    /// directory: not every file system has sockets. Replaces the socket of an earlier server. Returns the
    /// error of the data directory if neither is possible.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let error = match Self::bind(data_dir, SOCKET) {
            Err(error) => error,
            bound => return bound,
        };
        let name = name_elsewhere(data_dir)?;
        let elsewhere = runtime_dirs().find_map(|folder| Self::bind(&folder, &name).ok());
        elsewhere.ok_or(error)
    }

    /// The listener itself, once.
    pub fn take_listener(&mut self) -> Option<UnixListener> {
        self.listener.take()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn bind(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if !found.file_type().is_socket() => {
                let text = "it is not a socket: remove it";
                return Err(io::Error::new(ErrorKind::AlreadyExists, text));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let new = folder.join(NEW_SOCKET);
        remove(&new)?;
        let opened = File::open(folder)?;
        let listener = UnixListener::bind(short(&opened, folder, NEW_SOCKET))?;
        // Clients that connect before the mode is set have no rights either: the server checks their user.
        fs::set_permissions(&new, Permissions::from_mode(0o600))?;
        give_socket_to_owner_of(folder, &new);
        fs::rename(&new, &path)?;
        let identity = Identity::of(&fs::symlink_metadata(&path)?);
        listener.set_nonblocking(true)?;
        Ok(Self { listener: Some(listener), path, identity })
    }
}

impl Drop for CommandSocket {
    fn drop(&mut self) {
        let found = fs::symlink_metadata(&self.path);
        let is_own = found.is_ok_and(|found| Identity::of(&found) == self.identity);
        if is_own && let Err(error) = remove(&self.path) {
            tracing::warn!(socket = %self.path.display(), %error, "could not be removed");
        }
    }
}

/// Connects to the server of a data directory; `None` if none accepts connections. A socket of another
/// user than the directory's owner, root and this user could be a trap, and is ignored.
pub fn connect(data_dir: &Path) -> io::Result<Option<UnixStream>> {
    let owner = fs::metadata(data_dir)?.uid();
    let name = name_elsewhere(data_dir)?;
    let elsewhere = runtime_dirs().map(|folder| (folder, &*name));
    for (folder, name) in [(data_dir.to_owned(), SOCKET)].into_iter().chain(elsewhere) {
        let Ok(found) = fs::symlink_metadata(folder.join(name)) else { continue };
        let is_trusted = [owner, ROOT, geteuid().as_raw()].contains(&found.uid());
        if !found.file_type().is_socket() || !is_trusted {
            continue;
        }
        let opened = File::open(&folder)?;
        match UnixStream::connect(short(&opened, &folder, name)) {
            Ok(stream) => return Ok(Some(stream)),
            // Of a server that was killed, or that has just stopped.
            Err(error)
                if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// A path that fits the 108 bytes of a socket's address, on systems that have `/proc`.
fn short(opened: &File, folder: &Path, name: &str) -> PathBuf {
    let by_descriptor = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
    if by_descriptor.exists() { by_descriptor.join(name) } else { folder.join(name) }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn runtime_dirs() -> impl Iterator<Item = PathBuf> {
    let of_user = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    of_user.filter(|path| path.is_absolute()).into_iter().chain([PathBuf::from(RUN)])
}

/// The name of a socket that is not in its data directory.
fn name_elsewhere(data_dir: &Path) -> io::Result<String> {
    let path = fs::canonicalize(data_dir)?;
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    let mut name = "goldstar-".to_owned();
    for byte in &digest[..8] {
        write!(name, "{byte:02x}").map_err(io::Error::other)?;
    }
    Ok(name + ".sock")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_stale_socket_is_replaced_and_a_link_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SOCKET);
        drop(UnixListener::bind(&path).unwrap());
        assert!(connect(folder.path()).unwrap().is_none());
        let socket = CommandSocket::bind(folder.path(), SOCKET).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(connect(folder.path()).unwrap().is_some());
        drop(socket);
        assert!(!path.exists());

        let other = folder.path().join("other");
        fs::write(&other, "text").unwrap();
        symlink(&other, &path).unwrap();
        CommandSocket::bind(folder.path(), SOCKET).unwrap_err();
        assert!(connect(folder.path()).unwrap().is_none());
        assert_eq!(fs::read_to_string(&other).unwrap(), "text");
    }

    #[test]
    fn a_path_may_be_longer_than_the_address_of_a_socket() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("d".repeat(120));
        fs::create_dir(&long).unwrap();
        let _socket = CommandSocket::bind(&long, SOCKET).unwrap();
        assert!(connect(&long).unwrap().is_some());
    }
}
