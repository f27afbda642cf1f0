//go:build thunderbird

package clients

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// preferences of a fresh profile: the interface in Vietnamese, no first-run
// pages, every name at the test's own address so that nothing leaves the machine.
const preferences = `
user_pref("network.dns.forceResolve", "%s");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("marionette.port", 0);
user_pref("intl.locale.requested", "vi");
user_pref("extensions.autoDisableScopes", 0);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mailnews.start_page.enabled", false);
user_pref("mailnews.auto_config_url", "");
user_pref("app.update.enabled", false);
user_pref("app.donation.eoy.version.viewed", 999);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.rights.version", 1);
user_pref("mail.spam.version", 1);
user_pref("mailnews.start_page_override.mstone", "ignore");
`

// thunderbird is one profile.
type thunderbird struct {
	profile, home, display string
}

func newThunderbird(t *testing.T, address string) thunderbird {
	t.Helper()
	dir := t.TempDir()
	b := thunderbird{profile: filepath.Join(dir, "profile"), home: filepath.Join(dir, "home"), display: screen(t)}
	must(t, os.Mkdir(b.profile, 0o700), os.Mkdir(b.home, 0o700),
		os.WriteFile(filepath.Join(b.profile, "user.js"), fmt.Appendf(nil, preferences, address), 0o600))
	return b
}

// screen starts a virtual screen and returns its name.
func screen(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1366x768x24", "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	run(t, x)
	w.Close()
	var number int
	value(fmt.Fscan(r, &number))(t)
	return fmt.Sprint(":", number)
}

// start starts Thunderbird and returns its remote control, and how to end it.
func (b thunderbird) start(t *testing.T) (m *marionette, quit func()) {
	t.Helper()
	port := filepath.Join(b.profile, "MarionetteActivePort")
	if err := os.Remove(port); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	c := exec.Command("dbus-run-session", "--", "thunderbird", "--no-remote", "--profile", b.profile, "--marionette", "--remote-allow-system-access")
	c.Env = append(os.Environ(), "HOME="+b.home, "DISPLAY="+b.display, "LANG=C.UTF-8", "MOZ_CRASHREPORTER_DISABLE=1")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that all of it can be ended
	c.WaitDelay = time.Second
	out := &output{changed: make(chan struct{}, 1)}
	c.Stdout, c.Stderr = out, out
	must(t, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	var number []byte
	await(t, "Thunderbird listens", func() bool {
		number, _ = os.ReadFile(port)
		return len(number) > 0
	})
	m = dialMarionette(t, string(number))
	done := false
	quit = func() {
		if done {
			return
		}
		done = true
		m.command(t, "Marionette:Quit", map[string]any{"flags": []string{"eForceQuit"}})
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Thunderbird: %v\n%s", err, out)
			}
		case <-time.After(patience):
			done = false
			t.Errorf("Thunderbird does not end:\n%s", out)
		}
	}
	t.Cleanup(func() {
		if !done {
			defer func() {
				syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
				<-ended
			}()
			m.picture(t, t.ArtifactDir(), "failed")
		}
	})
	return m, quit
}

// TestThunderbird goes through a day of a clerk. It is one story: each part
// begins where the one before it ended.
func TestThunderbird(t *testing.T) {
	w := newWorld(t)
	b := newThunderbird(t, w.front)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("IMAP:\n%s\nSMTP:\n%s", w.imaps.timed(), w.smtps.timed())
		}
	})
	pictures := t.ArtifactDir() // kept with "go test -artifacts -outputdir DIR"
	m, quit := b.start(t)
	var version string
	m.do(t, &version, "version")
	t.Logf("Thunderbird %s", version)

	w.setUp(t, m)
	w.wantFolders(t, m)
	m.do(t, nil, "create", "Sở KH&CN")
	w.sendToColleague(t, m)
	w.receive(t, m)
	w.issue(t, m)
	w.tidy(t, m)
	w.search(t, m)
	m.do(t, nil, "show", "INBOX", "Đấu thầu công trình")
	m.picture(t, pictures, "inbox")
	m.do(t, nil, "show", agencyInbox, documentSubject)
	m.picture(t, pictures, "agency")
	quit()

	m, quit = b.start(t) // the next morning
	w.wantFolders(t, m, folder{"Sở KH&CN", "Sở KH&CN", ""})
	w.again(t, m)
	m.do(t, nil, "show", "Sở KH&CN", "Mời họp đấu thầu")
	m.picture(t, pictures, "second-start")
	quit()
	w.listen(t)
}
