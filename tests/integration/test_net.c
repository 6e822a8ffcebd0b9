/*
 * The network: what rules let through and what they refuse, with real programs; races with their controls;
 * calls that wait.
 */
#include "tests/integration/race.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NET_ONLY "-m", "sandbox/all:off", "-m", "sandbox/net:on"
#define RACE_TRIES "20000"
#define RACE_MS "15000"
#define RACE_ROUNDS 20

TestSuite(net, .init = fixture_enter, .fini = fixture_leave, .timeout = 720);

static struct outcome net_outcome;

static long net_count(const char *what)
{
	return outcome_count(&net_outcome, what);
}

/* For each race, unless KENNEL_RACE_MS says less. */
static const char *net_race_ms(void)
{
	const char *value = getenv("KENNEL_RACE_MS");

	return value && *value && atol(value) < atol(RACE_MS) ? value : RACE_MS;
}

static void net_race(const char *kind, const char *allowed)
{
	const char *guest = fixture_guest("race_net");
	struct job job = { .options = WORDS(NET_ONLY, "-m", "allow/net/bind+loopback", "-m", allowed, "-m",
				   "filter/net/connect+127.0.0.2", "-m", "filter/net/sendfd+!unnamed"),
		.command = WORDS(guest, kind, RACE_TRIES, net_race_ms()),
		.deadline_ms = 40000 };

	bool won = false, good = false;

	for (unsigned i = 0; i < RACE_ROUNDS && !won; i++) {
		run_native(WORDS(guest, kind, RACE_TRIES, "3000"), &net_outcome);
		expect_status(&net_outcome, 0, "natively");
		won = net_count("evil") > 0;
	}
	race_expect_met(won || strcmp(kind, "iovec") == 0, text("natively, %s", kind), net_outcome.out);
	for (unsigned i = 0; i < RACE_ROUNDS && !good; i++) {
		fixture_run(&job, &net_outcome);
		expect_status(&net_outcome, 0, kind);
		cr_assert_eq(net_count("evil"), 0, "%s: %s", kind, net_outcome.out);
		good = net_count("good") > 0;
	}
	race_expect_met(good, text("what is allowed, %s", kind), net_outcome.out);
	cr_log_info("%s: %s", kind, net_outcome.out);
}

#define NET_RACE(kind) \
	Test(net, nothing_arrives_where_it_is_refused_##kind) \
	{ \
		net_race(#kind, "allow/net/connect+127.0.0.1"); \
	}

NET_RACE(sockaddr)
NET_RACE(connect)
NET_RACE(msghdr)
NET_RACE(third)
NET_RACE(iovec)
NET_RACE(control)

/* What the address says to an IPv6 socket is nothing: that call is a send without a destination. */
Test(net, nothing_arrives_where_it_is_refused_socket)
{
	const char *guest = fixture_guest("race_net");

	run_native(WORDS(guest, "socket", "2000", "5000"), &net_outcome);
	race_expect_met(net_count("evil") > 0, "natively, socket", net_outcome.out);
	run_kennel(WORDS(NET_ONLY, "-m", "allow/net/bind+loopback", "-m", "filter/net/connect+127.0.0.2"),
		WORDS(guest, "socket", RACE_TRIES, net_race_ms()), &net_outcome);
	expect_status(&net_outcome, 0, "socket");
	cr_assert_eq(net_count("evil"), 0, "%s", net_outcome.out);
	race_expect_met(net_count("refused") > 0, "what is refused, socket", net_outcome.out);
}

static void net_expect_as_natively(const char *guest)
{
	static struct outcome ours;
	const char *const *command = WORDS(fixture_guest(guest));
	struct job job = { .options = WORDS(WATCH_ALL, ABIS), .command = command, .deadline_ms = 60000 };

	run_native(command, &net_outcome);
	expect_status(&net_outcome, 0, "natively");
	fixture_run(&job, &ours);
	expect_status(&ours, 0, "under Kennel");
	cr_assert_str_eq(ours.out, net_outcome.out);
}

Test(net, waiting_calls_are_interrupted_restarted_limited_and_killed_as_natively)
{
	net_expect_as_natively("block_net");
}

Test(net, what_others_do_to_a_socket_that_is_waited_for_is_seen_as_natively)
{
	net_expect_as_natively("block_sock");
}

Test(net, what_others_do_to_a_socket_that_is_waited_for_is_seen_as_natively_i386)
{
	net_expect_as_natively("block_sock.32");
}

Test(net, what_others_do_to_a_socket_that_is_waited_for_is_seen_as_natively_ilp32)
{
	net_expect_as_natively("block_sock.ilp32");
}

/* A TCP listener whose queue is full answers nobody: connections to it hang. */
static const char net_hang[] =
	"import socket,signal,time,os,errno\n"
	"l=socket.socket(); l.bind(('127.0.0.1',0)); l.listen(0); a=l.getsockname(); keep=[]\n"
	"for i in range(6):\n"
	"    x=socket.socket(); x.setblocking(False)\n"
	"    try: x.connect(a)\n"
	"    except OSError: pass\n"
	"    keep.append(x)\n"
	"time.sleep(.1)\n"
	"signal.signal(signal.SIGALRM,lambda *a: 1/0); signal.setitimer(signal.ITIMER_REAL,0.3)\n"
	"s=socket.socket(); t=time.time()\n"
	"try: s.connect(a); print('connected')\n"
	"except ZeroDivisionError: print('interrupted')\n"
	"except OSError as e: print(e)\n"
	"signal.setitimer(signal.ITIMER_REAL,0)\n"
	"s=socket.socket(); "
	"s.setsockopt(socket.SOL_SOCKET,socket.SO_SNDTIMEO,b'\\x00'*8+(200000).to_bytes(8,'little'))\n"
	"t=time.time()\n"
	"try: s.connect(a)\n"
	"except OSError as e: print(errno.errorcode[e.errno])\n"
	"pid=os.fork()\n"
	"if pid==0:\n"
	"    s=socket.socket(); s.connect(a); os._exit(0)\n"
	"time.sleep(.3); os.kill(pid,9); print(os.waitpid(pid,0)[1])\n"
	"pid=os.fork()\n"
	"if pid==0:\n"
	"    s=socket.socket(); t=time.time(); s.connect(a); "
	"print('connected at last', s.getpeername()==a, time.time()-t>0.5, flush=True); os._exit(0)\n"
	"time.sleep(.3)\n"
	"for i in range(6):\n"
	"    l.settimeout(2)\n"
	"    try: l.accept()\n"
	"    except OSError: break\n"
	"print(os.waitpid(pid,0)[1])\n";

Test(net, a_connection_that_hangs_is_interrupted_limited_killed_and_made_at_last)
{
	static struct outcome ours;

	fixture_need_program("python3");
	file_write("hang.py", net_hang);
	run_native(WORDS("/usr/bin/env", "python3", "hang.py"), &net_outcome);
	run_kennel(WORDS(WATCH_ALL), WORDS("/usr/bin/env", "python3", "hang.py"), &ours);
	expect_status(&ours, 0, "hang.py");
	cr_assert(strstr(ours.out, "EINPROGRESS") && strstr(ours.out, "connected at last True True"), "%s", ours.out);
	cr_assert_str_eq(ours.out, net_outcome.out);
}

/* ---- What a program tries on us ---- */

static const char *const net_attack_rules[] = { NET_ONLY, "-m", "allow/net/bind,net/connect+loopback", "-m",
	"allow/net/bind,net/connect+/***", NULL };

/* Each ends well, and long before its deadline. */
static void net_attack(const char *name)
{
	struct job job = {
		.options = net_attack_rules, .command = WORDS(fixture_guest("attack_net"), name), .deadline_ms = 20000
	};

	fixture_run(&job, &net_outcome);
	expect_status(&net_outcome, 0, name);
	cr_assert_str_eq(net_outcome.out, "not reached\n");
}

Test(net, an_address_is_as_long_as_the_lower_half_of_its_register_says)
{
	net_attack("length");
}

Test(net, a_socket_that_lingers_holds_nobody_up)
{
	net_attack("linger");
}

Test(net, a_socket_that_lingers_holds_nobody_up_in_calls_of_files)
{
	run_kennel(WORDS("-p", "off", "-m", "sandbox/chmod:on", "-m", "allow/chmod+/***", "-m",
			   "deny/chmod+/nonexistent/***"),
		WORDS(fixture_guest("attack_net"), "linger_held"), &net_outcome);
	expect_status(&net_outcome, 0, "linger_held");
}

Test(net, hundreds_of_connects_that_wait_slow_nobody_down)
{
	net_attack("crowd");
}

Test(net, calls_wait_also_where_the_kernel_lets_nobody_watch)
{
	net_attack("watches");
}

Test(net, many_messages_in_one_call_hold_nobody_up)
{
	net_attack("many");
}

static void net_limit_descriptors(void)
{
	const struct rlimit limit = { 2048, 2048 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		_exit(3);
}

Test(net, descriptors_that_wait_leave_room_for_the_calls_of_others)
{
	struct job job = { .options = WORDS(NET_ONLY, "-m", "allow/net/bind+/***", "-m", "allow/net/sendfd+!unnamed"),
		.command = WORDS(fixture_guest("attack_net"), "waiting_rights"),
		.deadline_ms = 20000,
		.prepare = net_limit_descriptors };

	fixture_run(&job, &net_outcome);
	expect_status(&net_outcome, 0, "waiting_rights");
}

static void net_enter_own(void)
{
	if (chdir("own"))
		_exit(3);
}

Test(net, bind_returns_from_a_directory_when_there_is_no_way_back)
{
	struct job job = { .options = WORDS("-p", "off", "-m", "sandbox/net/bind:on", "-m", "allow/net/bind+/***"),
		.command = WORDS(fixture_guest("attack_net"), "directory"),
		.uid = NOBODY,
		.prepare = net_enter_own };

	fixture_need_root();
	cr_assert(mkdir("own", 0700) == 0 && mkdir("names", 0777) == 0 && chmod("names", 0777) == 0);
	cr_assert(chown("own", NOBODY, NOBODY) == 0 && chmod(".", 0755) == 0);
	fixture_run(&job, &net_outcome);
	expect_status(&net_outcome, 0, "directory");
}

Test(net, descriptors_go_to_the_peer_that_was_judged)
{
	run_kennel(WORDS("-p", "off", "-m", "sandbox/net/sendfd:on", "-m",
			   text("allow/net/sendfd+%s", fixture_path("allowed"))),
		WORDS(fixture_guest("attack_net"), "rights"), &net_outcome);
	expect_status(&net_outcome, 0, "rights");
}

Test(net, the_any_address_of_ipv6_is_bound_only_with_that_of_ipv4)
{
	const char *const *rules = WORDS("-p", "off", "-m", "sandbox/net/bind:on", "-m", "allow/net/bind+any6");

	run_kennel(rules, WORDS(fixture_guest("attack_net"), "both"), &net_outcome);
	expect_status(&net_outcome, 0, "both");
	run_kennel(rules, WORDS(fixture_guest("attack_net"), "both_race"), &net_outcome);
	cr_assert(net_outcome.status == 0 || net_outcome.status == 128 + 9, "status %d: %s", net_outcome.status,
		net_outcome.err);
	run_kennel(rules, WORDS(fixture_guest("attack_net"), "listen_race"), &net_outcome);
	expect_status(&net_outcome, 0, "listen_race");
}

/* ---- Real programs ---- */

static const char net_web[] = "import http.server, socket, sys, threading, subprocess\n"
			      "class Server(http.server.ThreadingHTTPServer):\n"
			      "    address_family = socket.AF_INET6 if sys.argv[1] == '::1' else socket.AF_INET\n"
			      "class Handler(http.server.BaseHTTPRequestHandler):\n"
			      "    def do_GET(self):\n"
			      "        self.send_response(200); self.end_headers(); self.wfile.write(b'served')\n"
			      "    def log_message(self, *a): pass\n"
			      "server = Server((sys.argv[1], 0), Handler)\n"
			      "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
			      "host = '[::1]' if sys.argv[1] == '::1' else sys.argv[1]\n"
			      "sys.exit(subprocess.call(['curl', '-sS', '--max-time', '10', 'http://%s:%d/' % (host, "
			      "server.server_port)]))\n";

static void net_fetch(const char *ip, const char *rule, int status)
{
	fixture_need_program("curl");
	fixture_need_program("python3");
	file_write("web.py", net_web);
	run_kennel(WORDS(NET_ONLY, "-m", "allow/net/bind+loopback!0", "-m", rule, "-m", "allow/net/link+route"),
		WORDS("/usr/bin/env", "python3", "web.py", ip), &net_outcome);
	cr_assert_eq(net_outcome.status, status, "%s: status %d %s%s", ip, net_outcome.status, net_outcome.out,
		net_outcome.err);
	if (status == 0)
		cr_assert_str_eq(net_outcome.out, "served");
}

Test(net, curl_reaches_a_server_of_ipv4_that_is_allowed)
{
	net_fetch("127.0.0.1", "allow/net/connect+127.0.0.1", 0);
}

Test(net, curl_reaches_a_server_of_ipv6_that_is_allowed)
{
	net_fetch("::1", "allow/net/connect+::1", 0);
}

Test(net, curl_is_refused_what_no_rule_allows)
{
	net_fetch("127.0.0.1", "allow/net/connect+::1", 7);
	cr_assert(log_line(net_outcome.err, "cap", "net/connect", "sys", "connect"));
}

static const char net_echo[] =
	"import asyncio\n"
	"async def serve(reader, writer):\n"
	"    writer.write(await reader.read(100)); await writer.drain(); writer.close()\n"
	"async def ask(port, n):\n"
	"    reader, writer = await asyncio.open_connection('127.0.0.1', port)\n"
	"    writer.write(b'%d' % n); got = await reader.read(100); writer.close(); return got == b'%d' % n\n"
	"async def main():\n"
	"    server = await asyncio.start_server(serve, '127.0.0.1', 0, backlog=500)\n"
	"    port = server.sockets[0].getsockname()[1]\n"
	"    print(sum(await asyncio.gather(*[ask(port, n) for n in range(500)])))\n"
	"asyncio.run(main())\n";

Test(net, five_hundred_connections_of_asyncio_are_served)
{
	fixture_need_program("python3");
	file_write("echo.py", net_echo);
	run_kennel(WORDS(NET_ONLY, "-m", "allow/inet+127.0.0.1"), WORDS("/usr/bin/env", "python3", "echo.py"),
		&net_outcome);
	expect_status(&net_outcome, 0, "asyncio");
	cr_assert_str_eq(net_outcome.out, "500\n");
}

/* One line of python for each attempt: what came of it, as a word. */
static const char net_try[] =
	"import array, errno, os, socket as s, sys\n"
	"def attempt(name, call):\n"
	"    try: call(); print(name, 'ok')\n"
	"    except OSError as e: print(name, errno.errorcode[e.errno])\n"
	"def fds(path):\n"
	"    c = s.socket(s.AF_UNIX); c.connect(path)\n"
	"    c.sendmsg([b'x'], [(s.SOL_SOCKET, s.SCM_RIGHTS, array.array('i', [0]))])\n"
	"def serve(path):\n"
	"    l = s.socket(s.AF_UNIX); l.bind(path); l.listen(5); return l\n"
	"here = os.getcwd()\n"
	"attempt('bind any', lambda: s.socket().bind(('0.0.0.0', 0)))\n"
	"attempt('bind loopback', lambda: s.socket().bind(('127.0.0.1', 0)))\n"
	"attempt('bind path', lambda: keep.append(serve('allowed')))if not (keep := []) else 0\n"
	"attempt('bind other path', lambda: serve('other'))\n"
	"attempt('bind abstract', lambda: s.socket(s.AF_UNIX).bind('\\0name'))\n"
	"attempt('bind other abstract', lambda: s.socket(s.AF_UNIX).bind('\\0other'))\n"
	"attempt('connect path', lambda: s.socket(s.AF_UNIX).connect(here + '/allowed'))\n"
	"attempt('connect missing', lambda: s.socket(s.AF_UNIX).connect('missing'))\n"
	"attempt('connect mapped', lambda: s.socket(s.AF_INET6).connect(('::ffff:192.0.2.1', 80)))\n"
	"attempt('sendto', lambda: s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9)))\n"
	"attempt('send descriptors', lambda: fds('allowed'))\n"
	"attempt('raw', lambda: s.socket(s.AF_INET, s.SOCK_RAW, 1))\n"
	"attempt('packet', lambda: s.socket(17, s.SOCK_RAW, 0))\n"
	"attempt('alg', lambda: s.socket(38, s.SOCK_SEQPACKET, 0))\n"
	"attempt('vsock', lambda: s.socket(40, s.SOCK_STREAM, 0))\n"
	"attempt('sctp', lambda: s.socket(s.AF_INET, s.SOCK_STREAM, 132))\n"
	"attempt('route', lambda: s.socket(s.AF_NETLINK, s.SOCK_RAW, 0))\n"
	"attempt('uevent', lambda: s.socket(s.AF_NETLINK, s.SOCK_RAW, 15))\n"
	"attempt('source route', lambda: s.socket().setsockopt(0, 4, b'\\x83\\x07\\x04\\x7f\\0\\0\\1\\0'))\n"
	"attempt('packet options', lambda: s.socket(s.AF_INET6).setsockopt(41, 6, b''))\n"
	"attempt('flow label', lambda: s.socket(s.AF_INET6).setsockopt(41, 32, b''))\n";

Test(net, refusals_have_the_errno_of_their_category_and_a_tip)
{
	char tip[256];
	const char *line;

	fixture_need_program("python3");
	file_write("try.py", net_try);
	run_kennel(WORDS(NET_ONLY, "-m", "allow/net/bind+loopback", "-m",
			   text("allow/net/bind,net/connect+%s", fixture_path("allowed")), "-m", "allow/net/bind+@name",
			   "-m", "allow/net/link+route"),
		WORDS("/usr/bin/env", "python3", "try.py"), &net_outcome);
	cr_assert_str_eq(net_outcome.out,
		"bind any EADDRNOTAVAIL\nbind loopback ok\nbind path ok\n"
		"bind other path EADDRNOTAVAIL\nbind abstract ok\n"
		"bind other abstract EADDRNOTAVAIL\nconnect path ok\nconnect missing ENOENT\n"
		"connect mapped ECONNREFUSED\nsendto ENOTCONN\nsend descriptors EACCES\n"
		"raw EPERM\npacket EAFNOSUPPORT\nalg EAFNOSUPPORT\nvsock EAFNOSUPPORT\n"
		"sctp EPROTONOSUPPORT\nroute ok\nuevent EACCES\nsource route EPERM\n"
		"packet options EPERM\nflow label EPERM\n",
		"%s", net_outcome.err);
	line = log_line(net_outcome.err, "addr", "192.0.2.1!9", "sys", "sendto");
	cr_assert(line && log_field(line, "tip", tip, sizeof(tip)), "%s", net_outcome.err);
	cr_assert_str_eq(tip, "allow/net/connect+192.0.2.1!9");
	line = log_line(net_outcome.err, "addr", "@other", "sys", "bind");
	cr_assert(line && log_field(line, "tip", tip, sizeof(tip)));
	cr_assert_str_eq(tip, "allow/net/bind+@other");
}

Test(net, what_is_blocked_is_refused_whatever_the_rules_say)
{
	fixture_need_program("python3");
	file_write("list.netset", "# nobody\n127.0.0.0/9\n");
	chmod("list.netset", 0600);
	file_write("udp.py", "import socket as s\nfor a in ('127.0.0.1', '127.200.0.1'):\n"
			     "    try: print(s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', (a, 9)))\n"
			     "    except OSError as e: print(e.errno)\n");
	run_kennel(WORDS("-p", "off", "-m", "include list.netset"), WORDS("/usr/bin/env", "python3", "udp.py"),
		&net_outcome);
	expect_status(&net_outcome, 0, "udp.py");
	cr_assert_str_eq(net_outcome.out, "107\n1\n");
	cr_assert(strstr(net_outcome.err, "block+ names this address: 127.0.0.1!9"), "%s", net_outcome.err);
}

static const char net_identity[] =
	"import os, socket as s, struct, sys\n"
	"l = s.socket(s.AF_UNIX); l.bind('l'); os.chmod('l', 0o777); l.listen(5)\n"
	"g = s.socket(s.AF_UNIX, s.SOCK_DGRAM); g.bind('g'); os.chmod('g', 0o777)\n"
	"g.setsockopt(s.SOL_SOCKET, s.SO_PASSCRED, 1); g.setblocking(False)\n"
	"pid = os.fork()\n"
	"if pid == 0:\n"
	"    if sys.argv[1] == 'all': os.setgroups([]); os.setresgid(100, 100, 100); os.setresuid(1000, 1000, 1000)\n"
	"    else: os.setegid(100); os.seteuid(1000)\n"
	"    c = s.socket(s.AF_UNIX); c.connect('l')\n"
	"    d = s.socket(s.AF_UNIX, s.SOCK_DGRAM); d.sendto(b'x', 'g')\n"
	"    for claim in ((os.getpid(), os.getuid(), os.getgid()), (os.getpid(), 7, 7), (1, 1000, 100)):\n"
	"        try: d.sendmsg([b'z'], [(s.SOL_SOCKET, 2, struct.pack('iII', *claim))], 0, 'g')\n"
	"        except OSError as e: print('claim', e.errno)\n"
	"    sys.stdout.flush(); os._exit(0)\n"
	"os.waitpid(pid, 0)\n"
	"print(struct.unpack('iII', l.accept()[0].getsockopt(s.SOL_SOCKET, s.SO_PEERCRED, 12))[1:])\n"
	"for i in range(2):\n"
	"    p, u, n = struct.unpack('iII', g.recvmsg(10, 100)[1][0][2]); print(p == pid, u, n)\n";

/* Kennel is root, the caller is not any more: nobody may take it for root. */
Test(net, the_other_side_is_told_the_identity_of_the_caller)
{
	static struct outcome ours;
	static const char *const ways[] = { "all", "effective" };

	fixture_need_root();
	fixture_need_program("python3");
	file_write("identity.py", net_identity);
	cr_assert_eq(chmod(".", 0777), 0);
	for (int i = 0; i < 2; i++) {
		run_native(WORDS("/bin/sh", "-c", text("python3 identity.py %s; rm l g", ways[i])), &net_outcome);
		run_kennel(WORDS(WATCH_ALL), WORDS("/bin/sh", "-c", text("python3 identity.py %s; rm l g", ways[i])),
			&ours);
		expect_status(&ours, 0, ways[i]);
		cr_assert(strstr(ours.out, "(1000, 100)") && strstr(ours.out, "claim 1"), "%s", ours.out);
		cr_assert_str_eq(ours.out, net_outcome.out, "%s", ours.err);
	}
}

/* ---- Names of UNIX sockets, and ports that are chosen ---- */

static const char net_names[] =
	"import os, socket as s\n"
	"os.mkdir('d'); here = os.getcwd(); path = here + '/d/server'\n"
	"l = s.socket(s.AF_UNIX); l.bind(path); l.listen(5); c = s.socket(s.AF_UNIX); c.bind('d/../d/client')\n"
	"os.chdir('/')\n"
	"c.connect(l.getsockname()); a, peer = l.accept()\n"
	"print(l.getsockname() == a.getsockname() == c.getpeername() == path)\n"
	"print(c.getsockname(), peer, a.getpeername())\n"
	"g = s.socket(s.AF_UNIX, s.SOCK_DGRAM); g.bind(here + '/d/g')\n"
	"h = s.socket(s.AF_UNIX, s.SOCK_DGRAM); h.bind(here + '/d/h')\n"
	"h.sendto(b'question', g.getsockname()); name = g.recvfrom(100)[1]\n"
	"g.sendto(b'answer', name); print(h.recv(100))\n"
	"os.chdir(here); o = s.socket(s.AF_UNIX); o.bind('one'); print(o.getsockname())\n";

Test(net, unix_sockets_are_told_by_the_name_that_they_were_bound_to)
{
	fixture_need_program("python3");
	file_write("names.py", net_names);
	run_kennel(WORDS(WATCH_ALL), WORDS("/usr/bin/env", "python3", "names.py"), &net_outcome);
	expect_status(&net_outcome, 0, "names.py");
	cr_assert_str_eq(net_outcome.out, "True\nd/../d/client d/../d/client d/../d/client\nb'answer'\none\n");
}

/* The name that a datagram came from says nothing that the rules would not have let through. */
Test(net, a_number_for_a_name_leads_nowhere_that_is_refused)
{
	fixture_need_program("python3");
	file_write("names.py", net_names);
	run_kennel(WORDS(WATCH_ALL, "-m", text("deny/net/connect+%s", fixture_path("d/h"))),
		WORDS("/usr/bin/env", "python3", "names.py"), &net_outcome);
	cr_assert_eq(net_outcome.status, 1);
	cr_assert(log_line(net_outcome.err, "sys", "sendto", "addr", fixture_path("d/h")), "%s", net_outcome.err);
}

static const char net_listen[] =
	"import ctypes, errno, socket as s\n"
	"def attempt(name, call):\n"
	"    try: call(); print(name, 'ok')\n"
	"    except OSError as e: print(name, errno.errorcode[e.errno])\n"
	"for family, host in ((s.AF_INET, '127.0.0.1'), (s.AF_INET6, '::1')):\n"
	"    l = s.socket(family); l.bind((host, 0))\n"
	"    attempt('bound', lambda: l.listen(1)); attempt('again', lambda: l.listen(2))\n"
	"    attempt('unbound', lambda: s.socket(family).listen(1))\n"
	"    c = s.socket(family); c.connect(l.getsockname()); attempt('connected', lambda: c.listen(1))\n"
	"    ctypes.CDLL(None).connect(c.fileno(), bytes(16), 16); attempt('dissolved', lambda: c.listen(1))\n"
	"a = s.socket()\n"
	"attempt('any', lambda: a.bind(('0.0.0.0', 0)) or a.listen(1))\n";

static void net_listens(const char *rule, const char *chosen)
{
	const char *each = text("bound ok\nagain ok\nunbound %s\nconnected EINVAL\ndissolved %s\n", chosen, chosen);

	fixture_need_program("python3");
	file_write("listen.py", net_listen);
	run_kennel(WORDS(NET_ONLY, "-m", "allow/net/connect+loopback", "-m", rule),
		WORDS("/usr/bin/env", "python3", "listen.py"), &net_outcome);
	expect_status(&net_outcome, 0, rule);
	cr_assert_str_eq(net_outcome.out, text("%s%sany %s\n", each, each, chosen));
}

/* Also where a port is left of a connection: the kernel would choose another. */
Test(net, listening_where_nothing_was_bound_is_a_bind_to_any_address)
{
	net_listens("allow/net/bind+loopback!0", "EADDRNOTAVAIL");
	cr_assert(log_line(net_outcome.err, "addr", "0.0.0.0!0", "sys", "listen"), "%s", net_outcome.err);
	cr_assert(log_line(net_outcome.err, "addr", "::!0", "sys", "listen"), "%s", net_outcome.err);
	net_listens("allow/net/bind+any!0", "ok");
}

/* ---- Host names ---- */

Test(net, a_host_name_means_what_it_resolved_to_at_the_start)
{
	fixture_need_program("python3");
	file_write("name.py", "import socket as s\nprint(sorted({a[4][0] for a in s.getaddrinfo('localhost', 9)}))\n"
			      "d = s.socket(s.AF_INET, s.SOCK_DGRAM)\n"
			      "print(d.sendto(b'x', ('localhost', 9)))\n"
			      "try: print(d.sendto(b'x', ('127.0.0.2', 9)))\n"
			      "except OSError as e: print(e.errno)\n"
			      "print(open('/etc/hosts').readline().split()[1])\n");
	run_kennel(
		WORDS(NET_ONLY, "--connect", "localhost!9"), WORDS("/usr/bin/env", "python3", "name.py"), &net_outcome);
	expect_status(&net_outcome, 0, "name.py");
	cr_assert(strstr(net_outcome.out, "127.0.0.1") && strstr(net_outcome.out, "\n1\n107\nlocalhost\n"), "%s%s",
		net_outcome.out, net_outcome.err);
}

Test(net, a_host_name_that_does_not_resolve_is_an_error_that_names_the_rule)
{
	run_kennel(
		WORDS(NET_ONLY, "-m", "allow/net/connect+nothing.invalid!80"), WORDS("/bin/echo", "ran"), &net_outcome);
	cr_assert_eq(net_outcome.status, 125);
	cr_assert(strstr(net_outcome.err, "the host 'nothing.invalid' of the rule "
					  "allow/net/connect+nothing.invalid!80 does not resolve"),
		"%s", net_outcome.err);
	cr_assert_str_eq(net_outcome.out, "");
}

/* A socket in a hidden folder cannot be reached, as any other file there. */
Test(net, what_is_hidden_cannot_be_connected_to)
{
	fixture_need_program("python3");
	cr_assert(mkdir("hidden", 0755) == 0);
	file_write("one.py", "import socket as s\nl = s.socket(s.AF_UNIX); l.bind('hidden/s'); l.listen(1)\n"
			     "c = s.socket(s.AF_UNIX)\n"
			     "import subprocess, sys\nprint(subprocess.call(sys.argv[1:]))\n");
	file_write("two.py", "import socket as s\n"
			     "try: s.socket(s.AF_UNIX).connect('hidden/s'); print('reached')\n"
			     "except OSError as e: print(e.errno)\n");
	run_native(WORDS("/usr/bin/env", "python3", "one.py", getenv("KENNEL"), "run", "-p", "off", "--hide", "hidden",
			   "--", "/usr/bin/env", "python3", "two.py"),
		&net_outcome);
	expect_status(&net_outcome, 0, "one.py");
	cr_assert(strstr(net_outcome.out, "2\n0\n"), "%s%s", net_outcome.out, net_outcome.err);
}
