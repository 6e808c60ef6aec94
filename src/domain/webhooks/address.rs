//! Which addresses webhooks may be sent to: those of the public Internet, and the operator's exceptions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use url::Host;

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(first: u16, second: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), bits)
}

/// What is not the public Internet, by the registries of special-purpose addresses (RFC 6890).
const DENIED_V4: [Ipv4Net; 15] = [
    // This network, private, shared (carrier-grade NAT), loopback, link-local.
    v4(0, 0, 0, 0, 8),
    v4(10, 0, 0, 0, 8),
    v4(100, 64, 0, 0, 10),
    v4(127, 0, 0, 0, 8),
    v4(169, 254, 0, 0, 16),
    v4(172, 16, 0, 0, 12),
    v4(192, 0, 0, 0, 24),
    // Documentation, 6to4 relays, private, benchmarks.
    v4(192, 0, 2, 0, 24),
    v4(192, 88, 99, 0, 24),
    v4(192, 168, 0, 0, 16),
    v4(198, 18, 0, 0, 15),
    v4(198, 51, 100, 0, 24),
    v4(203, 0, 113, 0, 24),
    // Multicast, reserved and broadcast.
    v4(224, 0, 0, 0, 4),
    v4(240, 0, 0, 0, 4),
];

/// The only unicast addresses of the IPv6 Internet. Outside are loopback, IPv4-mapped and -compatible, NAT64, unique-local,
/// link-local and multicast addresses.
const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 3);

/// What [`PUBLIC_V6`] contains and is not public: protocols such as Teredo, documentation, 6to4.
const DENIED_V6: [Ipv6Net; 4] =
    [v6(0x2001, 0, 23), v6(0x2001, 0xdb8, 32), v6(0x2002, 0, 16), v6(0x3fff, 0, 20)];

/// Whether an address is not one of the public Internet.
pub fn is_denied(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => DENIED_V4.iter().any(|net| net.contains(&address)),
        IpAddr::V6(address) => {
            !PUBLIC_V6.contains(&address) || DENIED_V6.iter().any(|net| net.contains(&address))
        }
    }
}

/// What the operator permits besides the public Internet: addresses, networks and names, each also by plain HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    networks: Vec<IpNet>,
    /// In the form in which a URL contains them.
    names: Vec<String>,
}

impl AllowedHosts {
    /// Adds an address, a network such as `192.168.1.0/24`, or a name. Returns false if it is none of them.
    pub fn add(&mut self, entry: &str) -> bool {
        if let Ok(network) = entry.parse::<IpNet>() {
            self.networks.push(network);
        } else if let Ok(address) = entry.parse::<IpAddr>() {
            self.networks.push(address.into());
        } else {
            let Ok(Host::Domain(name)) = Host::parse(entry) else { return false };
            self.names.push(without_dot(&name).to_owned());
        }
        true
    }

    /// Whether a URL may have the host, and whether it may be sent to at the address that it has now.
    pub fn permits(&self, host: &Host<&str>, address: IpAddr) -> bool {
        !is_denied(address) || self.contains(address) || self.names_host(host)
    }

    /// Whether the host of a URL is an exception itself.
    pub(super) fn is_exception(&self, host: &Host<&str>) -> bool {
        literal(host).is_some_and(|address| self.contains(address)) || self.names_host(host)
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    fn names_host(&self, host: &Host<&str>) -> bool {
        matches!(host, Host::Domain(name) if self.names.iter().any(|it| it == without_dot(name)))
    }
}

/// The address that a host is; `None` for a name.
pub(super) fn literal(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
        Host::Domain(_) => None,
    }
}

/// A name without the dot of the root.
pub fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENIED: [&str; 42] = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::1.1.1.1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:20::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    #[test]
    fn only_public_addresses_are_permitted() {
        for address in DENIED {
            assert!(is_denied(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "198.17.255.255",
            "223.255.255.255",
            "2000::1",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
        ] {
            assert!(!is_denied(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_operator_permits_addresses_networks_and_names() {
        let mut allowed = AllowedHosts::default();
        for entry in ["127.0.0.1", "192.168.1.0/24", "fd00::/8", "Home.Local."] {
            assert!(allowed.add(entry), "{entry}");
        }
        for entry in ["", "a b", "10.0.0.0/33", "https://home.local", "home.local:80", "1.2.3.4.5"]
        {
            assert!(!allowed.clone().add(entry), "{entry}");
        }
        let any = Host::Domain("elsewhere.example");
        for (address, expected) in [
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("192.168.1.77", true),
            ("192.168.2.1", false),
            ("fd12::1", true),
            ("fe80::1", false),
            ("::ffff:192.168.1.77", false),
            ("1.1.1.1", true),
        ] {
            assert_eq!(allowed.permits(&any, address.parse().unwrap()), expected, "{address}");
        }
        let loopback = "127.0.0.2".parse().unwrap();
        assert!(allowed.permits(&Host::Domain("home.local"), loopback));
        assert!(allowed.permits(&Host::Domain("home.local."), loopback));
        assert!(!allowed.permits(&Host::Domain("not-home.local"), loopback));
        assert!(!allowed.permits(&Host::Domain("a.home.local"), loopback));
    }
}
