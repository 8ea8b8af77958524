package app

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCompose takes the host's environment from the compose file, with the
// secrets that it leaves to an operator, and starts from it as far as reading
// the settings goes. Where the docker client is there, it checks the file, too.
func TestCompose(t *testing.T) {
	const file = "../deploy/compose.yaml"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	secrets := map[string]string{
		"POSTGRES_PASSWORD": "pg-secret", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "s3-secret",
		"JWT_SECRET": dressSecret, "LINK_SIGNING_KEYS": "1:" + dressSecret, "TENANT_ID": dressTenant, "USER_ID": dressUser,
	}
	example, err := os.ReadFile("../deploy/example.env")
	require.NoError(t, err)
	for name := range secrets {
		require.Regexp(t, `(?m)^`+name+`=$`, string(example))
	}
	filled := os.Expand(string(text), func(name string) string {
		value, known := secrets[strings.TrimSuffix(name, ":?")]
		require.True(t, known, "%s is not in example.env", name)
		return value
	})

	_, host, found := strings.Cut(filled, "\n  mailhost:\n")
	require.True(t, found)
	host, _, _ = strings.Cut(host, "\nvolumes:")
	e := env{}
	for _, line := range regexp.MustCompile(`(?m)^ {6}([A-Z0-9_]+): (.+)$`).FindAllStringSubmatch(host, -1) {
		e[line[1]] = strings.Trim(line[2], `"`)
	}
	s, err := parse([]string{"-addr", ":8025", "-data", t.TempDir()}, e.get, os.Stderr)
	require.NoError(t, err)
	require.NotNil(t, s.Login)
	require.Equal(t, "mail", s.S3.Bucket)
	require.Equal(t, []string{"tcp://clamav:3310"}, s.Scan.Clamd)

	if exec.Command("docker", "compose", "version").Run() != nil {
		t.Log("no docker compose here: its own check of the file is left out")
		return
	}
	config := exec.Command("docker", "compose", "-f", file, "config", "--quiet")
	config.Env = os.Environ()
	for name, value := range secrets {
		config.Env = append(config.Env, name+"="+value)
	}
	out, err := config.CombinedOutput()
	require.NoError(t, err, string(out))
}
