grant all on users to {{.app_user}};
