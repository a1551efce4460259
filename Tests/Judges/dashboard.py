"""Looks at the dashboard as people do: in Chromium, in light and dark, narrow, by keyboard, with a screen reader's eyes
(axe), without motion, and with a connection that breaks.

usage: dashboard.py <folder of the programs> [<folder for pictures, which needs pillow>]
"""
import json, os, pathlib, re, shutil, subprocess, sys, tempfile, time
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

programs = sys.argv[1]
pictures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
expect.set_options(timeout=30_000)

folder = tempfile.mkdtemp()
server = subprocess.Popen([programs + "/concerto", "demo-server"], stdout=subprocess.PIPE, text=True)
origin = server.stdout.readline().strip()
seconds = 28 if pictures else 12  # Before the first picture.
with open(folder + "/in.ndjson", "w") as rows:
    for number in range(12_000):  # More than there is time for: it is stopped at the end.
        path = "users/%d" % number
        if number % 40 == 7:
            path = "slow/%d" % (200 + number * 37 % 900)
        elif number % 150 == 11:
            path = "nowhere/%d" % number
        rows.write(json.dumps({"id": number, "url": "%s/%s?api_key=S8cret" % (origin, path)}) + "\n")
run = subprocess.Popen(
    [programs + "/concerto", "batch", "in.ndjson", "-o", "out.ndjson", "-c", "24", "--rate", "120/s" if pictures else "50/s",
     "--dashboard", "127.0.0.1:0"], cwd=folder, stderr=subprocess.PIPE, text=True)
line = run.stderr.readline()
assert "the dashboard is at http://127.0.0.1:" in line, line
url = line.split()[-1]
own = url.rsplit("/", 1)[0]
problems, foreign = [], []


def watch(page):
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith((own, "data:")) else None)
    return page


def axe(page, name):
    # The page's own rules let nobody bring a script along: the judge is let in beside them.
    found = Axe().run(page).response["violations"]
    assert not found, "axe, %s:\n%s" % (name, json.dumps(found, indent=1)[:4000])


def picture(page, name):
    if pictures is None:
        return
    from PIL import Image
    path = pictures / (name + ".png")
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(224, dither=Image.Dither.NONE).save(path, optimize=True)
    assert path.stat().st_size < 150_000, "%s has %d bytes" % (path, path.stat().st_size)


def samples(first, last, run_name):
    """Server-sent events as the process sends them."""
    text = "retry: 300\n\n"
    for number in range(first, last + 1):
        sample = {"seq": number, "t_ms": 1_700_000_000_000 + number * 1000, "missed": 0, "cpu_s": number / 2,
                  "rss_bytes": 9_000_000, "queue_wait_s": .001,
                  "rows": [{"kind": "work", "name": "w", "numbers": {"done": number * 10, "attempts": number * 12, "total": 100}}]}
        text += "id: %s-%d\nevent: sample\ndata: %s\n\n" % (run_name, number, json.dumps(sample))
    return text


def never_twice(browser):
    """A server that repeats what was read: each point is drawn once; and another process begins anew."""
    page = watch(browser.new_page())
    asked = 0

    def answer(route):
        nonlocal asked
        asked += 1
        answers = [samples(1, 5, "one"), samples(3, 8, "one"), samples(1, 2, "two"), "event: end\ndata: {}\n\n"]
        body = answers[min(asked, len(answers)) - 1]
        route.fulfill(status=200, content_type="text/event-stream", body=body)

    page.route("**/debug/concerto/events*", answer)
    page.goto(url)
    main = page.locator("main")
    expect(page.locator("#live")).to_have_attribute("data-state", "ended")
    expect(main).to_have_attribute("data-run", "two")
    assert main.get_attribute("data-dropped") == "3", "3 to 5 came twice"
    assert main.get_attribute("data-points") == "2" and main.get_attribute("data-last") == "2"
    page.close()


def comes_back(page):
    """The page lets go of its stream while nobody sees it, and goes on where it was."""
    main = page.locator("main")
    before = int(main.get_attribute("data-last"))
    hide = "value => { Object.defineProperty(document, 'hidden', { value, configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    with page.expect_request(lambda request: "/events?after=" in request.url) as opened:
        page.evaluate(hide, False)
    assert int(opened.value.url.rsplit("-", 1)[1]) >= before
    expect(main).not_to_have_attribute("data-last", str(before))
    points, last, dropped = (int(main.get_attribute("data-" + name)) for name in ("points", "last", "dropped"))
    assert points == last and dropped == 0, (points, last, dropped)


def by_keyboard(page):
    """Tab alone reaches everything that can be used, in the order in which it stands, and nothing holds it."""
    page.locator("body").evaluate("body => { document.activeElement.blur(); window.scrollTo(0, 0); }")
    wanted = page.locator("a[href], button, select, summary, [tabindex='0']").evaluate_all(
        "all => all.filter(one => one.checkVisibility() && !one.disabled).map((one, at) => { one.dataset.stop = at; return at; })")
    reached = []
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        stop = page.evaluate("document.activeElement.dataset.stop")
        if stop is None:
            continue
        ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert ring != "none", "the focus is not seen on stop " + stop
        if int(stop) in reached:
            break
        reached.append(int(stop))
    # Lists are drawn anew each second; what can be used stays, and so do its marks.
    assert reached == wanted, "not reached by Tab: %s" % sorted(set(wanted) - set(reached))
    chart = page.locator("#chart-throughput [role=img]")
    chart.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("status")).to_contain_text("calls a second")
    expect(chart.locator(".cursor")).to_have_count(1)
    page.keyboard.press("Escape")
    page.locator("#tables").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chart-throughput tbody tr").first).to_contain_text(re.compile(r"\d\d:\d\d:\d\d"))
    page.keyboard.press("Enter")
    expect(page.locator("#chart-throughput table")).to_be_hidden()
    page.locator("#pause").focus()
    page.keyboard.press("Space")
    expect(page.locator("#live")).to_have_attribute("data-state", "paused")
    page.keyboard.press("Space")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def finds(page):
    page.locator("#look").focus()
    page.keyboard.press("Enter")
    dump = page.locator("#answer details")
    expect(dump).to_have_count(1)
    dump.locator("summary").press("Enter")
    expect(page.locator("#answer pre")).to_contain_text("tasks")
    assert "S8cret" not in page.content()
    page.wait_for_timeout(1_100)  # Looks are a second apart.
    page.locator("#report").press("Enter")
    expect(page.locator("#answer ul li").first).to_be_visible()
    page.evaluate("document.getElementById('list-host').scrollIntoView()")
    picture(page, "dashboard-findings")


try:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        height = 1360 if pictures else 900
        page = watch(browser.new_page(viewport={"width": 1280, "height": height}, color_scheme="light"))
        policy = page.goto(url).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy, policy
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        # A slow machine reads the input for a while first.
        expect(page.locator("#list-host tbody tr")).to_have_count(1, timeout=120_000)
        for name in "throughput", "latency", "flight", "pool", "wait":
            expect(page.locator("#chart-%s .plot path.line" % name).first).to_have_attribute("d", re.compile("L"))
        expect(page.locator("#list-retry tbody tr").first).to_be_visible()
        page.wait_for_timeout(seconds * 1000)  # So that the pictures have something to show.
        picture(page, "dashboard-light")
        comes_back(page)
        never_twice(browser)
        by_keyboard(page)
        finds(page)
        page.close()

        for scheme in "light", "dark":
            for width, tall in (1280, height), (320, 800):
                context = browser.new_context(
                    viewport={"width": width, "height": tall}, color_scheme=scheme, reduced_motion="reduce",
                    bypass_csp=True)
                page = watch(context.new_page())
                page.goto(url)
                expect(page.locator("#chart-latency .plot svg")).to_be_visible()
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, "%d pixels in a window of %d" % (wide, width)
                moving = page.evaluate("document.getAnimations().length")
                assert moving == 0, "%d animations for somebody who wants none" % moving
                page.locator("#tables").click()
                expect(page.locator("#chart-throughput table")).to_be_visible()
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, "%d pixels in a window of %d, with tables" % (wide, width)
                axe(page, "%s, %d pixels" % (scheme, width))
                page.locator("#tables").click()
                page.evaluate("window.scrollTo(0, 0)")
                if width == 320:
                    picture(page, "dashboard-narrow" if scheme == "light" else "dashboard-narrow-dark")
                elif scheme == "dark":
                    picture(page, "dashboard-dark")
                context.close()

        # Without a script there are the latest numbers.
        context = browser.new_context(java_script_enabled=False)
        page = watch(context.new_page())
        page.goto(url)
        expect(page.get_by_role("region", name="The latest numbers")).to_contain_text("queue wait")
        context.close()

        # The end is said, and the process does not wait for the page.
        page = watch(browser.new_page())
        page.goto(url)
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        run.terminate()
        expect(page.locator("#live")).to_have_attribute("data-state", "ended")
        run.communicate(timeout=30)
        browser.close()
finally:
    for process in run, server:
        if process.poll() is None:
            process.kill()
        process.wait()
    shutil.rmtree(folder)
assert not foreign, "asked of others: %s" % foreign
assert not problems, "said in the console: %s" % problems
print("dashboard: looked at in Chromium, light, dark, 320 pixels, by keyboard, axe without a finding, no point twice")
