package bolt

import "sync"

// hubs tells those who watch an account that something in it changed. Striped,
// so that a delivery to many does not wait for one lock.
type hubs [64]hub

type hub struct {
	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{}
}

func (h *hubs) init() {
	for i := range h {
		h[i].watchers = make(map[string]map[chan struct{}]struct{})
	}
}

func (h *hubs) of(account string) *hub {
	sum := uint32(2166136261) // FNV-1a
	for i := range len(account) {
		sum = (sum ^ uint32(account[i])) * 16777619
	}
	return &h[sum%uint32(len(h))]
}

// tell puts a token into the channels of all who watch the account.
func (h *hubs) tell(account string) {
	hub := h.of(account)
	hub.mu.Lock()
	defer hub.mu.Unlock()
	for c := range hub.watchers[account] {
		select {
		case c <- struct{}{}:
		default: // a token is waiting already
		}
	}
}

// Watch implements mailsvc.Store. The channel is never closed; after stop it
// gets no more tokens.
func (s *Store) Watch(account string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	hub := s.hubs.of(account)
	hub.mu.Lock()
	defer hub.mu.Unlock()
	if hub.watchers[account] == nil {
		hub.watchers[account] = make(map[chan struct{}]struct{})
	}
	hub.watchers[account][c] = struct{}{}
	return c, func() {
		hub.mu.Lock()
		defer hub.mu.Unlock()
		delete(hub.watchers[account], c)
		if len(hub.watchers[account]) == 0 {
			delete(hub.watchers, account)
		}
	}
}
