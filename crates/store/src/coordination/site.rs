//! Which server keeps the account: the one that is named, the node of a cluster that has the account's keys, or the one
//! that sentinels call the master. It is looked for again with every connection, so whoever took over is found.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, PushInfo,
    RedisError, Script, Value,
};
use tokio::time::timeout;

use super::{MEMBERS, Silence};

/// How long connecting may take.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// How long one of several servers may take to say where the account is, before another one is asked.
const ANSWER_DEADLINE: Duration = Duration::from_secs(1);
/// Nodes that may send one to another one, one after the other.
const MOST_HOPS: usize = 5;

/// How servers are reached, as an operator says it. Addresses are `redis://user:password@host:port/db`, with `rediss://`
/// for TLS.
#[derive(Clone, PartialEq, Eq)]
pub enum Site {
    /// One server, or several behind one address.
    Server(String),
    /// Some nodes of a cluster.
    Cluster(Vec<String>),
    /// A master that sentinels know.
    Sentinel {
        /// The sentinels.
        sentinels: Vec<String>,
        /// The name of the master among them.
        service: String,
        /// How to log in to it; the host does not matter.
        login: String,
    },
}

/// Without anything that is secret.
impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Site::Server(_) => "Server",
            Site::Cluster(_) => "Cluster",
            Site::Sentinel { .. } => "Sentinel",
        })
    }
}

/// The same, understood.
#[derive(Clone)]
pub(crate) enum Place {
    Server(ConnectionInfo),
    Cluster(Vec<ConnectionInfo>),
    Sentinel { sentinels: Vec<ConnectionInfo>, service: String, login: ConnectionInfo },
}

impl Place {
    pub fn new(site: &Site) -> Result<Self, String> {
        let all = |urls: &[String]| urls.iter().map(|url| parse(url)).collect::<Result<Vec<_>, String>>();
        Ok(match site {
            Site::Server(url) => Place::Server(parse(url)?),
            Site::Cluster(nodes) => Place::Cluster(all(nodes)?),
            Site::Sentinel { sentinels, service, login } => {
                Place::Sentinel { sentinels: all(sentinels)?, service: service.clone(), login: parse(login)? }
            }
        })
    }

    /// Connects to the server that has `key`; `hear` gets what is said on channels.
    pub async fn connect<H>(&self, key: &str, hear: H) -> Result<MultiplexedConnection, Silence>
    where
        H: Fn(PushInfo) -> Result<(), RedisError> + Clone + Send + Sync + 'static,
    {
        match self {
            Place::Server(info) => dial(info, Some(hear)).await,
            Place::Cluster(nodes) => {
                let mut last = Silence("no node of the cluster is named".to_owned());
                for node in nodes {
                    match at_owner(node, key, hear.clone()).await {
                        Ok(connection) => return Ok(connection),
                        Err(silence) => last = silence,
                    }
                }
                Err(last)
            }
            Place::Sentinel { sentinels, service, login } => {
                let mut last = Silence("no sentinel is named".to_owned());
                for sentinel in sentinels {
                    match at_master(sentinel, service, login, hear.clone()).await {
                        Ok(connection) => return Ok(connection),
                        Err(silence) => last = silence,
                    }
                }
                Err(last)
            }
        }
    }
}

/// Without anything that is secret.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all =
            |infos: &[ConnectionInfo]| infos.iter().map(|info| info.addr().to_string()).collect::<Vec<_>>().join(", ");
        match self {
            Place::Server(info) => write!(f, "{}", info.addr()),
            Place::Cluster(nodes) => write!(f, "{}", all(nodes)),
            Place::Sentinel { sentinels, service, .. } => write!(f, "{service} of {}", all(sentinels)),
        }
    }
}

fn parse(url: &str) -> Result<ConnectionInfo, String> {
    // The error would repeat the address, with the password.
    let info = url.into_connection_info();
    let info = info.map_err(|_| "it must look like redis://user:password@host:6379/0, or rediss://... for TLS")?;
    // Messages come over the connection on which questions are asked.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

async fn dial<H>(info: &ConnectionInfo, hear: Option<H>) -> Result<MultiplexedConnection, Silence>
where
    H: Fn(PushInfo) -> Result<(), RedisError> + Send + Sync + 'static,
{
    let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_DEADLINE));
    // Only the caller knows how long an answer may take.
    let mut config = config.set_response_timeout(None);
    if let Some(hear) = hear {
        config = config.set_push_sender(hear);
    }
    Ok(Client::open(info.clone())?.get_multiplexed_async_connection_with_config(&config).await?)
}

/// Asks a server that may be another one than the one that is looked for.
async fn asked<T: redis::FromRedisValue>(
    command: &redis::Cmd,
    connection: &mut MultiplexedConnection,
) -> Result<Result<T, RedisError>, Silence> {
    timeout(ANSWER_DEADLINE, command.query_async(connection)).await.map_err(|_| Silence::late())
}

/// The node of a cluster that has a key, or would have it: any node says which one that is.
async fn at_owner<H>(node: &ConnectionInfo, key: &str, hear: H) -> Result<MultiplexedConnection, Silence>
where
    H: Fn(PushInfo) -> Result<(), RedisError> + Clone + Send + Sync + 'static,
{
    let mut at = node.clone();
    for _ in 0..MOST_HOPS {
        let dialled = timeout(ANSWER_DEADLINE, dial(&at, Some(hear.clone()))).await;
        let mut connection = dialled.map_err(|_| Silence::late())??;
        match asked::<Value>(redis::cmd("EXISTS").arg(key), &mut connection).await? {
            Ok(_) => return Ok(connection),
            Err(error) => {
                let owner = error.redirect_node().and_then(|(owner, _)| owner.rsplit_once(':'));
                let Some((host, port)) = owner else { return Err(error.into()) };
                // A node that does not know its own name leaves it out.
                let host = if host.is_empty() { host_of(&at).to_owned() } else { host.to_owned() };
                at = moved(&at, host, port)?;
            }
        }
    }
    Err(Silence("the nodes of the cluster send each other round in circles".to_owned()))
}

/// The master, as a sentinel says.
async fn at_master<H>(
    sentinel: &ConnectionInfo,
    service: &str,
    login: &ConnectionInfo,
    hear: H,
) -> Result<MultiplexedConnection, Silence>
where
    H: Fn(PushInfo) -> Result<(), RedisError> + Clone + Send + Sync + 'static,
{
    let nobody: Option<H> = None;
    let dialled = timeout(ANSWER_DEADLINE, dial(sentinel, nobody)).await;
    let mut connection = dialled.map_err(|_| Silence::late())??;
    let mut ask = redis::cmd("SENTINEL");
    ask.arg("GET-MASTER-ADDR-BY-NAME").arg(service);
    let found: Option<(String, String)> = asked(&ask, &mut connection).await??;
    let Some((host, port)) = found else {
        return Err(Silence(format!("the sentinel at {} knows no master {service}", sentinel.addr())));
    };
    let dialled = timeout(ANSWER_DEADLINE, dial(&moved(login, host, &port)?, Some(hear))).await;
    let mut connection = dialled.map_err(|_| Silence::late())??;
    let role: Vec<Value> = asked(&redis::cmd("ROLE"), &mut connection).await??;
    let is_master = role.first().is_some_and(|role| matches!(role, Value::BulkString(name) if name == b"master"));
    // Sentinels are the last to know that it is none any more.
    is_master.then_some(connection).ok_or_else(|| Silence("whom the sentinel calls the master is none".to_owned()))
}

fn host_of(info: &ConnectionInfo) -> &str {
    match info.addr() {
        ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host,
        _ => "",
    }
}

/// The same way to another server.
fn moved(info: &ConnectionInfo, host: String, port: &str) -> Result<ConnectionInfo, Silence> {
    let port = port.parse().map_err(|_| Silence("a server was named without a port".to_owned()))?;
    let addr = match info.addr() {
        ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
            ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
        }
        _ => ConnectionAddr::Tcp(host, port),
    };
    Ok(info.clone().set_addr(addr))
}

/// Has the server begin a new account, if it is another one than the account was kept at.
pub(super) async fn meet(meet: &Script, connection: &mut MultiplexedConnection) -> Result<(), Silence> {
    let info: String = redis::cmd("INFO").arg("server").query_async(connection).await?;
    let id = info.lines().find_map(|line| line.strip_prefix("run_id:")).unwrap_or_default().trim();
    let _: i64 = meet.prepare_invoke().key(MEMBERS).arg(id).invoke_async(connection).await?;
    Ok(())
}
