//! Theme packs: folders someone else wrote, through the command line as their author meets it.

mod hostile;

use crate::support::command::Desk;

fn replace(desk: &Desk, file: &str, from: &str, to: &str) {
    let text = String::from_utf8(desk.read(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    desk.file(file, text.replacen(from, to, 1).as_bytes());
}

#[test]
fn a_new_theme_is_good_and_renders() {
    let desk = Desk::with_song(2.0);
    desk.type_in("themes new mine").worked(&["mine"]);
    desk.type_in("themes check mine").worked(&[]);
    let done = desk.type_in("render song.wav --theme ./mine --set pulse=1 --size 240 -o a.mp4 --json");
    assert_eq!(done.json()["theme"], "mine");
    let again = desk.type_in("themes new mine");
    assert!(again.stderr.contains("mine is there already"), "{}", again.stderr);
}

#[test]
fn faults_are_told_by_line_and_column_of_the_authors_own_file() {
    let desk = Desk::with_song(1.5);
    desk.type_in("themes new mine").worked(&["mine"]);
    let place_of = |needle: &str| {
        let text = String::from_utf8(desk.read("mine/theme.wgsl")).unwrap();
        let at = text.find(needle).unwrap();
        let line = text[..at].matches('\n').count() + 1;
        format!("mine/theme.wgsl:{line}:")
    };
    let told = |needle: &str, what: &str| {
        let checked = desk.type_in("themes check mine");
        assert_eq!(checked.code, 2);
        assert!(
            checked.stderr.contains(&place_of(needle)),
            "{} for {needle}",
            checked.stderr
        );
        assert!(checked.stderr.contains(what), "{}", checked.stderr);
    };
    replace(&desk, "mine/theme.wgsl", "bump(r, RING, 0.09)", "bamp(r, RING, 0.09)");
    told("bamp", "bamp");
    replace(&desk, "mine/theme.wgsl", "bamp(r, RING, 0.09)", "bump(r, RING)");
    told("bump(r, RING)", "");
    replace(&desk, "mine/theme.wgsl", "bump(r, RING)", "bump(r, RING, 0.09");
    told("bump(r, RING, 0.09", "");
}

#[test]
fn what_is_no_pack_is_refused_in_a_sentence() {
    let desk = Desk::with_song(1.5);
    for (line, words) in [
        (
            "frame song.wav --theme ./nothere -o a.png",
            "there is no folder ./nothere",
        ),
        ("frame song.wav --theme ./song.wav -o a.png", "./song.wav is a file"),
        ("themes new a/b/c", "does not exist"),
        ("themes new vinyl", "is a theme of the program"),
    ] {
        desk.type_in(line).failed(2, &[words]);
    }
    let made = desk.run(["themes", "new", "Моя тема"]);
    made.worked(&["Моя тема"]);
    assert!(made.stderr.contains("--theme ./'Моя тема'"), "{}", made.stderr);
    desk.type_in("themes check cd").worked(&[]);
    desk.type_in("themes new mine").worked(&["mine"]);
    replace(&desk, "mine/theme.toml", "parts = 2", "parts = 9");
    let refused = desk.type_in("themes check mine");
    assert!(
        refused.code == 2 && refused.stderr.contains("mine/theme.toml") && refused.stderr.contains("parts"),
        "{}",
        refused.stderr
    );
    desk.file("mine/theme.toml", b"\xff\xfe");
    let refused = desk.type_in("render song.wav --theme ./mine -o a.mp4");
    assert!(
        refused.code == 2 && refused.stderr.contains("UTF-8"),
        "{}",
        refused.stderr
    );
    desk.file("mine/theme.toml", &vec![b'#'; 300 * 1024]);
    assert!(desk.type_in("themes check mine").stderr.contains("larger than 256 kB"));
    let refused = desk.type_in("themes check nowhere");
    assert!(
        refused.code == 2 && refused.stderr.contains("theme.toml"),
        "{}",
        refused.stderr
    );
}

#[test]
fn the_sheet_is_a_picture_of_all_themes() {
    let desk = Desk::with_song(1.0);
    desk.type_in("themes sheet -o sheet.png").worked(&["sheet.png"]);
    let sheet = image::load_from_memory(&desk.read("sheet.png")).unwrap().into_rgb8();
    assert_eq!(sheet.width() % 320, 0);
    let lit = sheet.pixels().filter(|pixel| pixel.0.iter().any(|&c| c > 60)).count();
    assert!(lit > 10_000, "{lit} lit pixels");
}

/// The steps of docs/themes.md, done as they say: after each of them that leaves a whole theme, the theme is good.
#[test]
fn the_theme_of_the_documentation_is_good_at_every_step() {
    let page = include_str!("../docs/themes.md");
    // The fenced pieces of one language, in their order.
    let pieces = |language: &str| {
        let fence = format!("```{language}\n");
        let cut = page.split(&fence).skip(1);
        cut.map(|rest| rest.split("```").next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (wgsl, toml) = (pieces("wgsl"), pieces("toml"));
    let [start, rays, names, moving, title, line, clock] = &wgsl[..] else {
        panic!("{} pieces of WGSL", wgsl.len())
    };
    let [manifest, params, text] = &toml[..] else {
        panic!("{} pieces of TOML", toml.len())
    };
    let desk = Desk::with_song(1.5);
    desk.type_in("themes new mine").worked(&["mine"]);
    let check = |shader: &str, manifest: &str| {
        desk.file("mine/theme.wgsl", shader.as_bytes());
        desk.file("mine/theme.toml", manifest.as_bytes());
        let checked = desk.type_in("themes check mine");
        assert_eq!(checked.code, 0, "{}\n{shader}\n{manifest}", checked.stderr);
    };
    const LAST_RETURN: &str = "    return Still(color, 0.0, 0u, vec2f(0.0));\n";
    let before_the_last_return = |shader: &str, piece: &str| {
        assert_eq!(shader.matches(LAST_RETURN).count(), 1, "{shader}");
        shader.replace(LAST_RETURN, &format!("{piece}{LAST_RETURN}"))
    };
    check(start, manifest);

    let (still, _) = start.split_once("fn theme_color").unwrap();
    let still = before_the_last_return(&format!("{names}{still}"), rays);
    let manifest = format!("{}\n{params}", manifest.replace("parts = 0", "parts = 1"));
    check(&format!("{still}{moving}"), &manifest);

    let below = still.split_once("let color").unwrap().1.split_once('\n').unwrap().0;
    let still = still.replace(&format!("let color{below}\n"), &format!("var color{below}\n{title}"));
    let manifest = format!("{manifest}\n{text}");
    check(&format!("{still}{moving}"), &manifest);

    let still = before_the_last_return(&format!("const CLOCK_PART: u32 = 2u;\n{still}"), line);
    let head = moving.split_once('\n').unwrap().0;
    let moving = moving.replace(head, &format!("{head}\n{clock}"));
    let manifest = manifest.replace("parts = 1", "parts = 2\ntimed_parts = [2]");
    check(&format!("{still}{moving}"), &manifest);
    desk.type_in("frame song.wav --theme ./mine --size 240 -o a.png")
        .worked(&["a.png"]);
}
