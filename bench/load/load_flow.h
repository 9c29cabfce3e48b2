// What the load generators for ActiveMQ's protocols share: options, event loop, counts and report.
// Producers and consumers run in one thread, each on a connection of its own. A generator defines
// the functions of its protocol that are declared below.
#ifndef LOAD_FLOW_H
#define LOAD_FLOW_H
#include "load_common.h"
#include <limits.h>

#define RCAP (512 * 1024)
#define BATCH_BYTES (128 * 1024)
// Time without a delivery after which messages of a transient flow count as dropped.
#define DROPPED_NS 500000000ull
#define DRAIN_NS 10000000000ull

static const char *o_host = "127.0.0.1", *o_user = "guest", *o_pass = "guest", *o_ca, *o_suites = "TLS_AES_256_GCM_SHA384", *o_queue = "load", *o_vhost = "localhost";
static int o_port, o_tls, o_size = 1024, o_window, o_consumers = 1, o_prefetch = 1000, o_ackbatch = 100, o_transaction, o_transient, o_idle, o_wait, o_start, o_topic, o_producers = 1;
static long o_inflight = 10000;
static double o_warm = 2, o_dur = 5;

typedef struct {
  conn c;
  int index;
  uint64_t got, *next, unacked, transaction;  // `next`: the number that follows, of each producer
  uint8_t first[512], last[512];  // what the next acknowledgement names
  size_t first_length, last_length;
} consumer;

typedef struct {
  conn c;
  int index;
  uint64_t sent, asked, confirmed, transaction, in_transaction;
  uint64_t *asked_at;  // ring of the times of requests for a confirmation
} producer;

static consumer *C;
static producer *producers, *P;  // P is the one that sends, or whose frame is handled
static uint64_t g_sent, g_asked, g_confirmed, g_got, g_gaps, g_repeated, g_refused, g_lost, g_now;
static uint64_t g_copies = 1;  // deliveries of each message
static hist_t h_confirm, h_end_to_end;
static int g_measuring, g_stopping;

// ---- the functions of a protocol ----
// Opens a connection and logs in; 0 on success. `client` differs between the connections of all runs.
static int log_in(conn *c, const char *client);
static void subscribe(consumer *c);
// Prepares the producer P.
static void prepare_producer(void);
// The length of the first frame; 0 if it is incomplete.
static size_t frame_length(const uint8_t *b, size_t n);
static void on_frame(conn *c, consumer *of, uint8_t *f, size_t n);
// How many messages the protocol's own flow control allows P now.
static long sendable(void);
// Appends one message to P's output.
static void send_one(uint64_t now);
// Appends an acknowledgement of all messages since the last one.
static void acknowledge(consumer *c);
// Removes what the run leaves behind on the broker.
static void clean_up(void);

// ---- counts ----
static void asked(uint64_t t) { P->asked_at[P->asked++ % (uint64_t)o_window] = t, g_asked++; }
static void confirmed(uint64_t n) {
  uint64_t t = now_ns();
  for (; n && P->confirmed < P->asked; n--, g_confirmed++) {
    uint64_t at = P->asked_at[P->confirmed++ % (uint64_t)o_window];
    if (g_measuring) hist_add(&h_confirm, t - at, 1);
  }
}
// Bodies of 16 bytes or more begin with the time, the producer and the number of its message.
#define NUMBER_BITS 48
static void stamp(uint8_t *body, uint64_t t) {
  if (o_size < 16) return;
  uint64_t number = (uint64_t)P->index << NUMBER_BITS | P->sent;
  memcpy(body, &t, 8);
  memcpy(body + 8, &number, 8);
}
static void received(consumer *c, const uint8_t *body, size_t n) {
  c->got++, g_got++;
  if (n < 16) return;
  uint64_t t, number;
  memcpy(&t, body, 8);
  memcpy(&number, body + 8, 8);
  if (g_measuring && g_now > t) hist_add(&h_end_to_end, g_now - t, 1);
  if (o_consumers > 1 && g_copies == 1) return;  // each consumer has a part of the sequence only
  uint64_t from = number >> NUMBER_BITS;
  number &= (1ull << NUMBER_BITS) - 1;
  if (from >= (uint64_t)o_producers) die("a message of an unknown producer");
  uint64_t *next = &c->next[from];
  if (number < *next) {
    g_repeated++;
    return;
  }
  g_gaps += number - *next;
  *next = number + 1;
}
static void fill_body(uint8_t *b) {
  uint32_t random = 12345;
  for (int i = 0; i < o_size; i++) random = random * 1664525 + 1013904223, b[i] = random >> 24;
}

// ---- input and output ----
static void put(conn *c, const void *b, size_t n) { memcpy(conn_out(c, n), b, n); }
static void flush_blocking(conn *c) {
  if (conn_wr_all(c, c->ob, c->ol)) die("connection lost");
  c->oo = c->ol = 0;
}
// The next frame while the socket blocks; NULL if the connection has ended.
static uint8_t *wait_frame(conn *c, size_t *n) {
  for (;;) {
    if ((*n = frame_length(c->rb + c->rs, c->re - c->rs))) {
      uint8_t *f = c->rb + c->rs;
      c->rs += *n;
      return f;
    }
    if (c->rs) memmove(c->rb, c->rb + c->rs, c->re - c->rs), c->re -= c->rs, c->rs = 0;
    ssize_t r = conn_rd(c, c->rb + c->re, c->rcap - c->re);
    if (r < 0) return NULL;
    c->re += r;
  }
}
static void parse(conn *c, consumer *of) {
  size_t n;
  while ((n = frame_length(c->rb + c->rs, c->re - c->rs))) {
    on_frame(c, of, c->rb + c->rs, n);
    c->rs += n;
  }
  if (c->oo < c->ol && !c->want_out) conn_flush(c);
}
static void drain(conn *c, consumer *of) {
  for (;;) {
    if (c->rs == c->re) c->rs = c->re = 0;
    else if (c->rs && c->rcap - c->re < 192 * 1024) memmove(c->rb, c->rb + c->rs, c->re - c->rs), c->re -= c->rs, c->rs = 0;
    if (c->re == c->rcap) die("a frame is larger than the buffer");
    ssize_t r = conn_rd(c, c->rb + c->re, c->rcap - c->re);
    if (r < 0) die("connection lost (%s)", of ? "consumer" : "producer");
    if (r == 0) return;
    c->re += r;
    g_now = now_ns();
    parse(c, of);
  }
}

// ---- producers ----
static uint64_t outstanding(void) {
  uint64_t arrived = g_got / g_copies + g_lost;
  return arrived < g_sent ? g_sent - arrived : 0;
}
static long room(void) {
  if (P->in_transaction) return o_transaction - P->in_transaction;
  if (g_stopping) return 0;
  long can = sendable();
  if (o_window) {
    long left = (o_window - (long)(P->asked - P->confirmed)) * (o_transaction ? o_transaction : 1);
    if (left < can) can = left;
  }
  if (o_inflight && o_consumers) {
    long left = o_inflight - (long)outstanding();
    if (left < o_inflight / 8) return 0;
    if (left < can) can = left;
  }
  return can;
}
// P sends while it may. Returns whether it could go on at once.
static int produce(void) {
  if (P->c.want_out) return 0;
  uint64_t t = now_ns();
  long can = room();
  if (can <= 0) return 0;
  for (; can > 0 && P->c.ol < BATCH_BYTES; can--) {
    send_one(t);
    P->sent++, g_sent++;
  }
  conn_flush(&P->c);
  return !P->c.want_out;
}
// Whether no producer is in a transaction or has something to write.
static int is_settled(void) {
  for (int i = 0; i < o_producers; i++)
    if (producers[i].in_transaction || producers[i].c.oo < producers[i].c.ol) return 0;
  return 1;
}

// ---- options ----
enum { O_HOST = 256, O_PORT, O_USER, O_PASS, O_TLS, O_CA, O_SUITES, O_SERVER_NAME, O_PID, O_SIZE, O_WINDOW, O_INFLIGHT, O_TRANSIENT, O_ACKBATCH, O_CONSUMERS, O_WARM, O_DUR,
       O_QUEUE, O_TOPIC, O_TRANSACTION, O_PREFETCH, O_IDLE, O_WAIT, O_START, O_VHOST, O_PRODUCERS, O_HELP };
static const struct option flow_options[] = {
    {"host", 1, 0, O_HOST}, {"port", 1, 0, O_PORT}, {"user", 1, 0, O_USER}, {"pass", 1, 0, O_PASS}, {"tls", 0, 0, O_TLS}, {"ca", 1, 0, O_CA},
    {"ciphersuites", 1, 0, O_SUITES}, {"server-name", 1, 0, O_SERVER_NAME}, {"pid", 1, 0, O_PID}, {"size", 1, 0, O_SIZE}, {"window", 1, 0, O_WINDOW},
    {"inflight", 1, 0, O_INFLIGHT}, {"transient", 0, 0, O_TRANSIENT}, {"ack-batch", 1, 0, O_ACKBATCH}, {"consumers", 1, 0, O_CONSUMERS}, {"warmup", 1, 0, O_WARM},
    {"duration", 1, 0, O_DUR}, {"queue", 1, 0, O_QUEUE}, {"topic", 0, 0, O_TOPIC}, {"transaction", 1, 0, O_TRANSACTION}, {"prefetch", 1, 0, O_PREFETCH},
    {"idle", 1, 0, O_IDLE}, {"wait", 1, 0, O_WAIT}, {"start", 0, 0, O_START}, {"virtual-host", 1, 0, O_VHOST}, {"producers", 1, 0, O_PRODUCERS}, {"help", 0, 0, O_HELP}, {0}};
static void usage(const char *program) {
  printf("%s [options]; prints one JSON line\n"
         "  --host 127.0.0.1 --port N --user U --pass P --tls [--ca FILE] [--ciphersuites S] [--server-name localhost]   (TLS 1.3 only)\n"
         "  LOAD_PASSWORD in the environment stands for --pass: an argument can be read by every user\n"
         "  --queue NAME        what messages are sent to; a topic with --topic\n"
         "  --size BYTES        body; from 16 on it carries a timestamp and a sequence number\n"
         "  --transient         messages are not persistent\n"
         "  --producers N       each with its own connection\n"
         "  --window W          ask for confirmations, at most W outstanding of each producer (0: none)\n"
         "  --transaction N     send and acknowledge in transactions of N; --window then counts transactions\n"
         "  --inflight N        send only while sent minus consumed is below N (0: no limit)\n"
         "  --consumers N --prefetch N --ack-batch N   one acknowledgement every N messages (0: automatic)\n"
         "  --warmup S --duration S --pid P[,P...]\n"
         "  --idle N            open N connections, print that, and keep them until the program is ended\n"
         "  --start             stop once a connection is open (connected_at_ns of the monotonic clock)\n"
         "  --virtual-host NAME the virtual host of STOMP\n"
         "  --wait S            retry the first connection for S seconds\n",
         program);
  exit(0);
}
static void read_options(int argc, char **argv) {
  for (int o; (o = getopt_long(argc, argv, "", flow_options, NULL)) != -1;) switch (o) {
      case O_HOST: o_host = optarg; break;
      case O_PORT: o_port = atoi(optarg); break;
      case O_USER: o_user = optarg; break;
      case O_PASS: o_pass = optarg; break;
      case O_TLS: o_tls = 1; break;
      case O_CA: o_ca = optarg; break;
      case O_SUITES: o_suites = optarg; break;
      case O_SERVER_NAME: g_server_name = optarg; break;
      case O_PID: pids_parse(optarg); break;
      case O_SIZE: o_size = atoi(optarg); break;
      case O_WINDOW: o_window = atoi(optarg); break;
      case O_INFLIGHT: o_inflight = atol(optarg); break;
      case O_TRANSIENT: o_transient = 1; break;
      case O_ACKBATCH: o_ackbatch = atoi(optarg); break;
      case O_CONSUMERS: o_consumers = atoi(optarg); break;
      case O_WARM: o_warm = atof(optarg); break;
      case O_DUR: o_dur = atof(optarg); break;
      case O_QUEUE: o_queue = optarg; break;
      case O_TOPIC: o_topic = 1; break;
      case O_TRANSACTION: o_transaction = atoi(optarg); break;
      case O_PREFETCH: o_prefetch = atoi(optarg); break;
      case O_IDLE: o_idle = atoi(optarg); break;
      case O_WAIT: o_wait = atoi(optarg); break;
      case O_START: o_start = 1; break;
      case O_VHOST: o_vhost = optarg; break;
      case O_PRODUCERS: o_producers = atoi(optarg); break;
      default: usage(argv[0]);
    }
  if (getenv("LOAD_PASSWORD")) o_pass = getenv("LOAD_PASSWORD");
  if (o_transaction && !o_window) die("--transaction needs --window");
#ifdef ONE_PRODUCER
  if (o_producers != 1) die("--producers must be 1");
#endif
  if (o_producers < 1 || o_producers > 1000) die("--producers must be from 1 to 1000");
  if (o_size < 0 || o_size > 256 * 1024) die("--size must be from 0 to 262144");
}

static void client_name(char *b, size_t n, const char *what, int i) { snprintf(b, n, "load-%d-%s-%d", getpid(), what, i); }

static void keep_idle(void) {
  conn *all = calloc(o_idle, sizeof *all);
  for (int i = 0; i < o_idle; i++) {
    char name[64];
    client_name(name, sizeof name, "idle", i);
    if (log_in(&all[i], name)) die("idle connection %d failed", i);
    free(all[i].rb), free(all[i].ob);
  }
  printf("{\"opened\":%d}\n", o_idle);
  fflush(stdout);
  pause();
}

static void open_all(void) {
  char name[64];
  C = calloc(o_consumers + 1, sizeof *C);
  for (int i = 0; i < o_consumers; i++) {
    C[i].index = i;
    C[i].next = calloc(o_producers, sizeof *C[i].next);
    client_name(name, sizeof name, "consumer", i);
    if (log_in(&C[i].c, name)) die("consumer cannot connect");
    subscribe(&C[i]);
  }
  producers = calloc(o_producers, sizeof *producers);
  for (int i = 0; i < o_producers; i++) {
    P = &producers[i];
    P->index = i;
    P->asked_at = calloc(o_window + 1, sizeof *P->asked_at);
    client_name(name, sizeof name, "producer", i);
    if (log_in(&P->c, name)) die("producer cannot connect");
    prepare_producer();
  }
  for (int i = 0; i < o_consumers; i++) set_nb(C[i].c.fd), ep_add(&C[i].c), C[i].c.kind = 1;
  for (int i = 0; i < o_producers; i++) set_nb(producers[i].c.fd), ep_add(&producers[i].c);
  g_now = now_ns();
  for (int i = 0; i < o_consumers; i++) parse(&C[i].c, &C[i]);
  for (P = producers; P < producers + o_producers; P++) parse(&P->c, NULL);
}

// The counts at the beginning of the measured time.
static struct {
  uint64_t at, sent, confirmed, got;
  double cpu, user, sys, own, machine, steal;
} from;
static void begin_measuring(uint64_t t) {
  g_measuring = 1;
  from.at = t, from.sent = g_sent, from.confirmed = g_confirmed, from.got = g_got;
  from.cpu = srv_cpu(&from.user, &from.sys), from.own = self_cpu(), from.machine = sys_cpu(), from.steal = sys_steal();
}
static char g_report[2048];
static void end_measuring(long rss_max) {
  double user, sys, seconds = (now_ns() - from.at) / 1e9, cpu = srv_cpu(&user, &sys) - from.cpu;
  double sent = g_sent - from.sent, got = g_got - from.got, unit = o_consumers ? got : sent;
  g_measuring = 0;
  snprintf(g_report, sizeof g_report,
           "{\"secs\":%.2f,\"pub_s\":%.0f,\"conf_s\":%.0f,\"cons_s\":%.0f,\"conf_p50_ms\":%.3f,\"conf_p99_ms\":%.3f,\"e2e_p50_ms\":%.3f,\"e2e_p99_ms\":%.3f,\"self_cpu_s\":%.2f,"
           "\"server_cpu_s\":%.2f,\"server_user_s\":%.2f,\"server_sys_s\":%.2f,\"machine_busy_s\":%.2f,\"steal_s\":%.2f,\"msgs_per_cpu_s\":%.0f,\"rss_kb\":%ld,\"rss_max_kb\":%ld",
           seconds, sent / seconds, (g_confirmed - from.confirmed) / seconds, got / seconds, hist_q(&h_confirm, .5), hist_q(&h_confirm, .99), hist_q(&h_end_to_end, .5),
           hist_q(&h_end_to_end, .99), self_cpu() - from.own, cpu, user - from.user, sys - from.sys, sys_cpu() - from.machine, sys_steal() - from.steal, cpu > 0 ? unit / cpu : 0,
           srv_mem_kb("VmRSS:"), rss_max);
}

// Warm-up, measured time, and then the rest of the messages, so that the queue is left empty.
static void run(void) {
  uint64_t start = now_ns(), measured = start + (uint64_t)(o_warm * 1e9), end = measured + (uint64_t)(o_dur * 1e9);
  uint64_t progress = start, seen = 0, looked = start;
  long rss_max = 0;
  int more = 0;
  struct epoll_event ev[64];
  for (;;) {
    uint64_t t = now_ns();
    if (!g_measuring && !g_stopping && t >= measured) begin_measuring(t);
    if (!g_stopping && t - looked > 200000000ull) {
      long rss = srv_mem_kb("VmRSS:");
      if (rss > rss_max) rss_max = rss;
      looked = t;
    }
    if (!g_stopping && t >= end) end_measuring(rss_max), g_stopping = 1;
    if (g_got + g_confirmed != seen) seen = g_got + g_confirmed, progress = t;
    else if (o_transient && o_consumers && t - progress > DROPPED_NS) g_lost += outstanding(), progress = t;
    if (g_stopping && is_settled()) {
      int is_done = (!o_consumers || !outstanding()) && (!o_window || g_confirmed == g_asked);
      if (is_done || t - progress > DRAIN_NS) break;
    }
    int n = epoll_wait(g_ep, ev, 64, more ? 0 : 20);
    for (int i = 0; i < n; i++) {
      conn *c = ev[i].data.ptr;
      if (ev[i].events & EPOLLOUT) {
        ep_out(c, 0);
        conn_flush(c);
      }
      if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        if (!c->kind) P = (producer *)c;
        drain(c, c->kind ? (consumer *)c : NULL);
      }
    }
    more = 0;
    for (P = producers; P < producers + o_producers; P++) more |= produce();
  }
}

static void settle_rest(consumer *c) {
  if (c->unacked) acknowledge(c);
  int flags = fcntl(c->c.fd, F_GETFL);
  fcntl(c->c.fd, F_SETFL, flags & ~O_NONBLOCK);
  if (conn_wr_all(&c->c, c->c.ob + c->c.oo, c->c.ol - c->c.oo)) die("connection lost (consumer)");
  c->c.oo = c->c.ol = 0;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  read_options(argc, argv);
  if (o_tls) tls_init(o_ca, o_suites, 1);
  g_ep = epoll_create1(EPOLL_CLOEXEC);
  if (o_start) {
    conn first;
    char name[64];
    client_name(name, sizeof name, "first", 0);
    uint64_t limit = now_ns() + (uint64_t)o_wait * 1000000000ull;
    while (log_in(&first, name)) {
      if (now_ns() >= limit) die("cannot connect to %s:%d", o_host, o_port);
      usleep(5000);
    }
    printf("{\"connected_at_ns\":%lu}\n", now_ns());
    conn_close(&first);
    return 0;
  }
  if (o_idle) keep_idle();
  open_all();
  run();
  uint64_t missing = o_consumers ? outstanding() : 0;
  for (int i = 0; i < o_consumers; i++) settle_rest(&C[i]);
  clean_up();
  printf("%s,\"published\":%lu,\"consumed\":%lu,\"nacked\":%lu,\"gaps\":%lu,\"redelivered\":%lu,\"first_at_ns\":0}\n", g_report, g_sent, g_got, g_refused,
         g_gaps + missing * g_copies, g_repeated);
  return 0;
}
#endif
