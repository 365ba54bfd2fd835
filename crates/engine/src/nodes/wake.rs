//! Wake-on-LAN: a magic packet is six times 0xff, and then the hardware address sixteen times.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;

use super::Wake;

/// Sends the packet.
pub(super) async fn wake(Wake { mac, to }: Wake) -> std::io::Result<()> {
    let any = match to {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.set_broadcast(true)?;
    socket.send_to(&packet(mac), to).await.map(drop)
}

fn packet(mac: [u8; 6]) -> Vec<u8> {
    [[0xff; 6]].into_iter().chain([mac; 16]).flatten().collect()
}
