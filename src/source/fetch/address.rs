//! Which addresses of the internet may be connected to: an address in, the reason why not out. Whatever is not plainly a
//! public unicast address is refused: our own network, the machine itself, the cloud's metadata, and every way of writing
//! an IPv4 address into an IPv6 one, through which they could be reached in disguise.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks that are not the public internet, from the registries of special-purpose addresses.
const SPECIAL_V4: [(Ipv4Addr, u8, &str); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "this network"),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private network"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "a provider's own network"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine"),
    (Ipv4Addr::new(168, 63, 129, 16), 32, "a cloud's own service"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "the local link"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private network"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "a reserved network"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "a network for documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "a reserved network"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "a reserved network"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "a tunnel"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private network"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "a network for measuring"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "a network for documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "a network for documentation"),
    // Multicast, reserved and broadcast: everything from 224 on.
    (Ipv4Addr::new(224, 0, 0, 0), 3, "no single machine"),
];

/// Inside 2000::/3, the only block of global unicast addresses, these are something else.
const SPECIAL_V6: [(Ipv6Addr, u8, &str); 4] = [
    // Teredo, ORCHID, benchmarking: 2001:0000 to 2001:01ff.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "a tunnel"),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "a network for documentation",
    ),
    // 6to4: the IPv4 address lies in the next 32 bits.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "a tunnel"),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "a network for documentation",
    ),
];

/// What is wrong with the address; `None`: a machine on the public internet.
pub fn refused(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            let inside = |network: Ipv4Addr, bits: u8| (address.to_bits() ^ network.to_bits()) >> (32 - bits) == 0;
            SPECIAL_V4
                .into_iter()
                .find_map(|(network, bits, what)| inside(network, bits).then_some(what))
        }
        IpAddr::V6(address) => {
            let inside = |network: Ipv6Addr, bits: u8| (address.to_bits() ^ network.to_bits()) >> (128 - bits) == 0;
            // Outside of it lie loopback, link-local, unique local and multicast addresses, and the forms that hold an IPv4
            // address: mapped, compatible, translated and NAT64.
            if !inside(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3) {
                return Some("an address outside of the public internet");
            }
            SPECIAL_V6
                .into_iter()
                .find_map(|(network, bits, what)| inside(network, bits).then_some(what))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "87.250.250.242",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "198.17.255.255",
            "223.255.255.255",
            "2a02:6b8::1",
            "2606:4700:4700::1111",
            "2001:200::1",
        ];
        for address in public {
            assert_eq!(refused(address.parse().unwrap()), None, "{address}");
        }
        let others = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in others {
            assert!(refused(address.parse().unwrap()).is_some(), "{address}");
        }
    }
}
