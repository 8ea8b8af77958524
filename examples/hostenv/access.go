package hostenv

import (
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/metabuilder/workflow-plugin-attachment-handler/auth"
	"github.com/metabuilder/workflow-plugin-attachment-handler/blob"
)

func (r *reader) linkKeys() []blob.LinkKey {
	const name = "LINK_SIGNING_KEYS"
	var keys []blob.LinkKey
	for i, pair := range r.list(name) {
		id, secret, found := strings.Cut(pair, ":")
		if !found {
			r.fail(name, "pair %d has no colon between id and secret", i+1)
			return nil
		}
		keys = append(keys, blob.LinkKey{ID: id, Secret: []byte(secret)})
	}
	if len(keys) == 0 {
		return nil
	}
	if _, err := blob.NewLinkSigner(keys, nil); err != nil {
		r.fail(name, "%v", err)
	}
	return keys
}

func (r *reader) origins() []string {
	const name = "CORS_ORIGINS"
	origins := r.list(name)
	if _, err := auth.NewCORS(&auth.CORSOptions{Origins: origins}); err != nil {
		r.fail(name, "%v", err)
	}
	return origins
}

func (r *reader) proxies() auth.Proxies {
	const name = "TRUSTED_PROXIES"
	proxies, err := auth.ParseProxies(r.list(name)...)
	if err != nil {
		r.fail(name, "%v", err)
	}
	return proxies
}

func (r *reader) redis() Secret {
	const name = "REDIS_URL"
	value := r.lookup(name)
	if value == "" {
		return ""
	}
	u, err := url.Parse(value)
	if err == nil {
		_, err = redis.ParseURL(value) // alone it would take "redis:6379" for this machine
	}
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" { // err shows the password
		r.fail(name, "is not a Redis URL, redis://… or rediss://…")
	}
	return Secret(value)
}

func (r *reader) uuid(name string) string {
	value := r.lookup(name)
	if value == "" {
		return ""
	}
	id, err := auth.UUID(value)
	if err != nil {
		r.fail(name, "%.40q is not a UUID", value)
	}
	return id
}
