package config

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// checkRedis accepts redis://user:password@host:6379/1, rediss:// for TLS,
// unix:///path and redis+cluster://user:password@a:6379,b:6379.
func checkRedis(s Secret) error {
	if s == "" {
		return nil
	}
	if user, hosts, ok := redisCluster(s); ok {
		return checkRedisCluster(user, hosts)
	}
	u, err := url.Parse(s.Reveal())
	switch {
	case err == nil && u.Scheme == "unix" && u.Path != "":
		return nil
	case err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") || !redisPlace(u):
		return errors.New("REDIS_URL is not a URL like redis://host:6379, redis://host:6379/1 or redis+cluster://a:6379,b:6379,c:6379")
	}
	return nil
}

// redisCluster takes the address of a Redis Cluster apart; user ends with @ if there is one.
func redisCluster(s Secret) (user, hosts string, ok bool) {
	scheme, rest, _ := strings.Cut(s.Reveal(), "://")
	if scheme != "redis+cluster" && scheme != "rediss+cluster" {
		return "", "", false
	}
	at := strings.LastIndex(rest, "@") + 1
	return rest[:at], rest[at:], true
}

func checkRedisCluster(user, hosts string) error {
	if strings.ContainsAny(hosts, "/?#") {
		return errors.New("REDIS_URL names a Redis Cluster, which has no numbered databases: nothing may follow redis+cluster://a:6379,b:6379,c:6379")
	}
	for host := range strings.SplitSeq(hosts, ",") {
		u, err := url.Parse("redis://" + user + host)
		if err != nil || !redisPlace(u) {
			return errors.New("REDIS_URL is not a list of servers like redis+cluster://user:password@a:6379,b:6379,c:6379")
		}
	}
	return nil
}

// redisPlace looks at host, port and the database's number: an impossible one
// would look like a Redis that is away, for ever.
func redisPlace(u *url.URL) bool {
	if u.Hostname() == "" || strings.Contains(u.Host, ",") {
		return false
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	database := strings.Trim(u.Path, "/")
	_, err := strconv.ParseUint(database, 10, 31)
	return database == "" || err == nil
}
