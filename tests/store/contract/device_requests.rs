//! The open requests of devices.

use std::time::Duration;

use goldstar::domain::{Name, Timestamp, TokenHash};
use goldstar::store::{DeviceRequest, NotOpened, OpenLimits, Store};

use super::over_each;

const LIMITS: OpenLimits = OpenLimits { in_total: 4, per_network: 2 };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_770_000_000_000_000 + seconds * 1_000_000)
}

fn hash(text: &str) -> TokenHash {
    TokenHash(text.into())
}

/// A request that ends after a minute.
fn request(name: &str, network: &str, now: Timestamp) -> DeviceRequest {
    DeviceRequest {
        user_code: hash(&format!("user {name}")),
        device_code: hash(&format!("device {name}")),
        device_name: Name::from_stored(name),
        network: network.into(),
        expires_at: now.after(Duration::from_mins(1)),
    }
}

#[tokio::test]
async fn a_request_is_found_until_it_is_claimed_or_expires() {
    over_each(async |bench| {
        let requests = bench.store.device_requests();
        let new = request("Tablet", "192.0.2.1", at(0));
        assert_eq!(requests.open(new.clone(), LIMITS, at(0)).await.unwrap(), Ok(()));
        let find = async |code: &str, now| requests.find(hash(code), now).await.unwrap();
        assert_eq!(find("user Tablet", at(59)).await.as_ref(), Some(&new));
        assert_eq!(find("user Tablet", at(60)).await, None);
        assert_eq!(find("device Tablet", at(0)).await, None);
        let is_open = async |now| requests.is_open(hash("device Tablet"), now).await.unwrap();
        assert!(is_open(at(59)).await && !is_open(at(60)).await);
        let claim =
            async |by: &str, now| requests.claim(hash("user Tablet"), hash(by), now).await.unwrap();
        assert_eq!(claim("one", at(60)).await, None, "it has expired");
        assert_eq!(claim("one", at(1)).await.as_ref(), Some(&new));
        assert_eq!(claim("other", at(2)).await, None);
        assert_eq!(claim("one", at(3)).await.as_ref(), Some(&new), "a repeat");
        assert_eq!(find("user Tablet", at(4)).await, None);
        assert!(is_open(at(4)).await, "the device still asks");
        requests.close(hash("device Tablet")).await.unwrap();
        assert!(!is_open(at(4)).await);
        assert_eq!(claim("one", at(4)).await, None);
        requests.close(hash("device Tablet")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn requests_are_limited_by_network_and_in_total() {
    over_each(async |bench| {
        let requests = bench.store.device_requests();
        let open = async |name: &str, network: &str, now| {
            requests.open(request(name, network, now), LIMITS, now).await.unwrap()
        };
        assert_eq!(open("a", "one", at(0)).await, Ok(()));
        assert_eq!(open("b", "one", at(5)).await, Ok(()));
        assert_eq!(open("c", "one", at(10)).await, Err(NotOpened::Full(at(60))));
        assert_eq!(open("a", "other", at(10)).await, Err(NotOpened::SameCode));
        assert_eq!(open("c", "other", at(10)).await, Ok(()));
        assert_eq!(open("d", "third", at(10)).await, Ok(()));
        assert_eq!(open("e", "fourth", at(10)).await, Err(NotOpened::Full(at(60))));
        // The first one has expired.
        assert_eq!(open("e", "fourth", at(60)).await, Ok(()));
        assert_eq!(open("f", "one", at(60)).await, Err(NotOpened::Full(at(65))));
        assert_eq!(open("f", "one", at(65)).await, Ok(()));
    })
    .await;
}

#[tokio::test]
async fn of_many_claims_at_once_one_succeeds() {
    over_each(async |bench| {
        let requests = bench.store.device_requests();
        let new = request("Tablet", "192.0.2.1", at(0));
        assert_eq!(requests.open(new, LIMITS, at(0)).await.unwrap(), Ok(()));
        let claims = (0..16)
            .map(|n| requests.claim(hash("user Tablet"), hash(&format!("parent {n}")), at(1)));
        let claimed = futures_util::future::join_all(claims).await;
        assert_eq!(claimed.iter().filter(|it| it.as_ref().unwrap().is_some()).count(), 1);
    })
    .await;
}
