//! Preludes: what stands in for a platform loads whole, and histories that presuppose the platform run on it.

use dbwright_catalog::{Outcome, Version};
use dbwright_engineer::{BinDirs, CheckRequest, Input, Overrides, Scope, check};

use crate::repository::Repository;
use crate::servers;

const DUMP: &str = "SET check_function_bodies = off;\n\
    SELECT pg_catalog.set_config('search_path', '', false);\n\
    CREATE TABLE public.profiles (id uuid PRIMARY KEY REFERENCES auth.users (id), name text);\n\
    ALTER TABLE public.profiles OWNER TO postgres;\n\
    ALTER TABLE public.profiles ENABLE ROW LEVEL SECURITY;\n\
    CREATE POLICY own ON public.profiles TO authenticated USING (auth.uid() = id);\n";
/// Names without schema: the session is as the platform has it, whatever the file before left.
const LATER: &str = "ALTER TABLE profiles ADD COLUMN token uuid DEFAULT uuid_generate_v4();\n\
    INSERT INTO storage.buckets (id, name) VALUES ('avatars', 'avatars');\n\
    CREATE POLICY avatars ON storage.objects TO authenticated\n\
      USING (bucket_id = 'avatars' AND auth.uid()::text = (storage.foldername(name))[1]);\n\
    ALTER PUBLICATION supabase_realtime ADD TABLE profiles;\n\
    SELECT cron.schedule('nightly', '0 0 * * *', 'SELECT 1');\n\
    GRANT ALL ON profiles TO anon, service_role;\n";

#[tokio::test]
async fn histories_of_supabase_run_on_its_prelude() {
    for major in servers::majors() {
        let repository = Repository::plain();
        repository
            .write("supabase/config.toml", &format!("[db]\nmajor_version = {major}\n"))
            .write("supabase/migrations/20240101000000_remote.sql", DUMP)
            .write("supabase/migrations/20240102000000_later.sql", LATER);
        let request = CheckRequest {
            predicted: false,
            snapshot: None,
            input: Input::Repository(repository.path().to_owned()),
            overrides: Overrides::default(),
            scope: Scope::All,
            tries_ways_back: true,
            scratch_url: None,
            bin_dirs: BinDirs {
                postgres: vec![servers::postgres(major)],
                ..BinDirs::default()
            },
            cache: servers::cache(),
            cache_bytes_max: 0,
        };
        let answer = check(&request, &mut |_| {})
            .await
            .unwrap_or_else(|error| panic!("{}", error.message()));

        let section = &answer.review.sections[0];
        let trace = section.trace.as_ref().unwrap();
        assert_eq!(trace.server.version.major, major);
        assert_eq!(section.history.version.as_ref().unwrap().0, Version::new(major, 0, 0));
        // A line of the prelude that fails would stand here.
        assert_eq!(trace.assumptions, Vec::<String>::new(), "on PostgreSQL {major}");
        let effects = trace.migrations.iter().flat_map(|migration| &migration.effects);
        for effect in effects {
            assert!(
                matches!(effect.outcome, Outcome::Done),
                "on PostgreSQL {major}: {:?}",
                effect.outcome
            );
        }
    }
}
