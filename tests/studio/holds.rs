//! What a person holds, as the browser is told of it.

use serde_json::{Value, json};

use super::browser::PATIENCE;

#[derive(Clone, Copy)]
pub struct Holds {
    pub language: &'static str,
    pub size: (u32, u32),
    /// A finger, and more pixels than the page counts.
    pub phone: bool,
    pub webgpu: bool,
    /// Pages that have a dark look are asked for it; else for the light one.
    pub dark: bool,
}

impl Holds {
    pub const PHONE: Self = Self {
        language: "en",
        size: (390, 844),
        phone: true,
        webgpu: true,
        dark: false,
    };
    pub const DESK: Self = Self {
        language: "ru",
        size: (1360, 900),
        phone: false,
        webgpu: true,
        dark: false,
    };

    pub fn capabilities(self) -> Value {
        let (width, height) = self.size;
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--mute-audio".to_owned(),
            format!("--window-size={width},{height}"),
            // Nothing of its own leaves this machine either.
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned(),
        ];
        if self.webgpu {
            arguments.extend(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"].map(str::to_owned));
        } else {
            arguments.push("--disable-features=WebGPU".to_owned());
        }
        let mut options = json!({ "args": arguments, "prefs": { "intl.accept_languages": self.language } });
        if self.phone {
            let metrics = json!({ "width": width, "height": height, "pixelRatio": 2, "touch": true });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": PATIENCE.as_millis() as u64 },
        })
    }

    /// The colours a person prefers, as the DevTools protocol sets them.
    pub fn colours(self) -> Value {
        let scheme = if self.dark { "dark" } else { "light" };
        json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] })
    }
}
