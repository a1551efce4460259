"""Looks at `concerto top` as a terminal would: pexpect gives it one, pyte is what is on its screen.

usage: top.py <folder of the programs> [<folder for a picture>]
"""
import html, os, subprocess, sys, tempfile, time
import pexpect, pyte

programs = sys.argv[1]
folder = tempfile.mkdtemp()
os.chmod(folder, 0o700)
environment = dict(os.environ, XDG_RUNTIME_DIR=folder, CONCERTO_TEST_FOLDER=folder + "/concerto", TERM="xterm")
program = subprocess.Popen(
    [programs + "/DiagnosticsProgram", "stock-blocked-open"], env=environment, stdout=subprocess.PIPE)
assert program.stdout.readline() == b"ready\n"


class Top:
    def __init__(self, columns, rows, **more):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child = pexpect.spawn(
            programs + "/concerto", ["top", str(program.pid)], env=dict(environment, **more), dimensions=(rows, columns))

    def until(self, text):
        """Feeds the screen until it shows `text`."""
        for _ in range(200):
            try:
                data = self.child.read_nonblocking(65536, timeout=0.2)
            except pexpect.TIMEOUT:
                data = b""
            self.raw += data
            self.stream.feed(data)
            if any(text in line for line in self.screen.display):
                return
        raise SystemExit("never shown: %r\n%s" % (text, "\n".join(self.screen.display)))

    def picture(self, path):
        """The screen as SVG, a text of its own for each line."""
        def text(row):
            cells = [self.screen.buffer[row][column] for column in range(self.screen.columns)]
            runs = []
            for cell in cells:
                look = " ".join(name for name, on in (("bold", cell.bold), ("alarm", cell.fg == "red")) if on)
                if runs and runs[-1][0] == look:
                    runs[-1][1] += cell.data
                else:
                    runs.append([look, cell.data])
            return "".join('<tspan%s>%s</tspan>' % (' class="%s"' % look if look else "", html.escape(part)) for look, part in runs)
        lines = [text(row) for row in range(self.screen.lines)]
        width, height = self.screen.columns * 8.45 + 32, len(lines) * 19 + 30
        with open(path, "w") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="concerto top on a program whose threads are blocked">\n' % (width, height))
            file.write('<style>text { font: 14px "DejaVu Sans Mono", ui-monospace, monospace; fill: #e7edf3; white-space: pre } '
                       '.bold { font-weight: 700 } .alarm { fill: #ff8078 }</style>\n')
            file.write('<rect width="100%" height="100%" rx="8" fill="#171e26"/>\n')
            for row, line in enumerate(lines):
                file.write('<text x="16" y="%d" xml:space="preserve">%s</text>\n' % (row * 19 + 28, line))
            file.write("</svg>\n")

    def press(self, key):
        self.child.send(key)

    def quit(self):
        self.press("q")
        self.child.expect(pexpect.EOF, timeout=20)
        self.raw += self.child.before
        self.child.close()
        assert self.child.exitstatus == 0, self.child.exitstatus
        assert self.raw.endswith(b"\x1b[?25h\x1b[?1049l"), "the screen was not given back"


try:
    for columns, rows in (80, 24), (40, 10):
        top = Top(columns, rows)
        top.until("queue wait")
        top.until("wait for a turn" if columns == 80 else "Findings")
        # A line that is too long would stand on the next one.
        assert top.screen.display[0].startswith("concerto top  %d" % program.pid), top.screen.display[0]
        assert top.screen.display[rows - 1].startswith("q quit"), top.screen.display
        if columns == 80 and len(sys.argv) > 2:
            time.sleep(3)  # So that there are findings: two looks, a second apart.
            top.until("Findings")
            top.picture(sys.argv[2] + "/top.svg")
        top.press("h")
        top.until("any key goes back")
        top.press("x")
        top.until("q quit")
        top.press("p")
        top.until("PAUSED")
        if columns == 80:
            top.child.setwinsize(10, 40)
            top.screen.resize(10, 40)
            top.until("q quit")
            assert all(len(line.rstrip()) <= 40 for line in top.screen.display)
        top.quit()
    # Red is for those who want colours.
    top = Top(80, 24, NO_COLOR="1")
    top.until("queue wait")
    top.quit()
    assert b"\x1b[31m" not in top.raw
    dumb = Top(80, 24, TERM="dumb")
    dumb.child.expect(pexpect.EOF, timeout=20)
    assert b"\x1b" not in dumb.child.before and b"Tasks by place" in dumb.child.before
finally:
    program.kill()
    program.wait()
print("concerto top: looked at, 80 x 24, 40 x 10, resized, without colour, without a terminal that draws")
